/**
 * Signs of life of the services that heal and keep order: when each last did a round, and how much it put right. It is
 * what heartbeats and metrics tell of them.
 */
import type { WorkerService } from "@punctual/db";

export interface Pulse {
  /** A round is over. @param well whether it went through without a fault */
  round(service: string, well: boolean): void;
  /** A service put so much right: posts, jobs or deliveries. */
  healed(service: string, count: number): void;
  /** Each service that ever did a round. */
  services(): WorkerService[];
}

/** @param onHealed told of everything that was put right */
export function createPulse(onHealed: (service: string, count: number) => void = () => {}): Pulse {
  const rounds = new Map<string, { wellAt: number | null; failing: boolean }>();
  return {
    round(service, well) {
      const wellAt = well ? performance.now() : (rounds.get(service)?.wellAt ?? null);
      rounds.set(service, { wellAt, failing: !well });
    },
    healed(service, count) {
      if (count > 0) onHealed(service, count);
    },
    services: () =>
      [...rounds].map(([name, { wellAt, failing }]) => ({
        name,
        idleMs: wellAt === null ? null : Math.round(performance.now() - wellAt),
        failing,
      })),
  };
}
