/**
 * Deals blows as the dice say, several at a time but never two on the same subject, until it is told to stop; then it
 * leaves everything running and whole.
 */
import { setTimeout as pause } from "node:timers/promises";
import type { Blow } from "./blows.ts";
import type { Dice } from "./dice.ts";
import type { TroubleLog } from "./trouble.ts";

export interface Nemesis {
  /** Until the signal aborts; resolves once the last blow is over. */
  rage(stop: AbortSignal): Promise<void>;
}

/** Between two blows, in milliseconds. */
const breath = { min: 300, max: 3_000 } as const;

export function createNemesis(
  blows: readonly Blow[],
  { dice, trouble, say }: { dice: Dice; trouble: TroubleLog; say: (line: string) => void },
): Nemesis {
  const disturbed = new Set<string>();
  const landing = new Set<Promise<void>>();

  function strike(): void {
    const blow = dice.weighed(blows);
    const target = blow.aim(dice);
    if (target === null || target.subjects.some((subject) => isDisturbed(subject))) return;
    const { subjects } = target;
    for (const subject of subjects) disturbed.add(subject);
    const end = trouble.begin(blow.kind, subjects);
    say(`${blow.kind} (${subjects.join(", ")})`);
    const landed = target
      .land()
      .catch((error: unknown) => say(`${blow.kind} failed: ${String(error)}`))
      .finally(() => {
        end();
        for (const subject of subjects) disturbed.delete(subject);
        landing.delete(landed);
      });
    landing.add(landed);
  }

  /** A process is disturbed with its wires, and a wire with its process. */
  function isDisturbed(subject: string): boolean {
    return [...disturbed].some(
      (other) => other === subject || other.startsWith(`${subject}/`) || subject.startsWith(`${other}/`),
    );
  }

  return {
    async rage(stop) {
      while (!stop.aborted) {
        await pause(dice.between(breath.min, breath.max), undefined, { signal: stop }).catch(() => {});
        if (!stop.aborted) strike();
      }
      await Promise.all(landing);
    },
  };
}
