/**
 * Keeps one process running: starts it, starts it again when it dies (at once, then with growing pauses), and ends
 * it when told to.
 */
import type { Service } from "@punctual/runtime";

/** A process that runs. */
export interface Running {
  /** Settles once it has ended, with its code or signal in words. */
  exited: Promise<string>;
  /** Ends it: cleanly, or hard if that takes too long. */
  stop(): Promise<void>;
  /** Ends it now. */
  kill(): void;
}

export interface SupervisedService extends Service {
  readonly name: string;
  /** Ends the process now and starts it no more. */
  kill(): void;
}

export interface SupervisorOptions {
  name: string;
  launch(): Promise<Running>;
  announce(message: string): void;
}

const pauseMinMs = 500;
const pauseMaxMs = 30_000;
/** A process that lived this long died of something new. */
const healthyAfterMs = 60_000;

export function supervise({ name, launch, announce }: SupervisorOptions): SupervisedService {
  let stopping = false;
  let running: Running | undefined;
  let launching: Promise<void> | undefined;
  let pause: { timer: NodeJS.Timeout; end: () => void } | undefined;
  let failures = 0;

  const watch = async (process: Running): Promise<void> => {
    const since = performance.now();
    const reason = await process.exited;
    running = undefined;
    if (stopping) return;
    failures = performance.now() - since > healthyAfterMs ? 1 : failures + 1;
    await startAgain(`${name} died (${reason})`);
  };

  const startAgain = async (what: string): Promise<void> => {
    for (let message = what; ; failures += 1) {
      const pauseMs = failures <= 1 ? 0 : Math.min(pauseMinMs * 2 ** (failures - 2), pauseMaxMs);
      announce(`${message}; starting it again${pauseMs > 0 ? ` in ${pauseMs / 1_000} s` : ""}`);
      await new Promise<void>((end) => {
        pause = { timer: setTimeout(end, pauseMs), end };
      });
      if (stopping) return;
      try {
        await (launching = start());
        return;
      } catch (error) {
        message = `${name} did not start: ${(error as Error).message}`;
      }
      if (stopping) return;
    }
  };

  const start = async (): Promise<void> => {
    running = await launch();
    if (!stopping) void watch(running);
  };

  return {
    name,
    start: () => (launching = start()),
    stop: async () => {
      stopping = true;
      clearTimeout(pause?.timer);
      pause?.end();
      // One that is just starting is ended as soon as it can be.
      await launching?.catch(() => {});
      await running?.stop();
    },
    kill: () => {
      stopping = true;
      running?.kill();
    },
  };
}
