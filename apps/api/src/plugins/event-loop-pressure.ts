/**
 * Is this process so busy that requests wait longer than anybody will? Measured as the delay of the event loop: the
 * median of a sample, above the limit in two samples in a row. A mean would let one pause (a frozen container, a large
 * body) turn requests away from a process that is fine again; a median of two samples asks whether it is slow now.
 */
import { monitorEventLoopDelay } from "node:perf_hooks";

export interface EventLoopPressure {
  /** Whether the process cannot keep up. */
  isHigh(): boolean;
  stop(): void;
}

export interface EventLoopPressureOptions {
  delayMaxMs: number;
  /** How long one sample takes, in milliseconds. */
  sampleMs: number;
}

/** Measurements in a sample; each wakes the process up. */
const measurementsMax = 10;
const samplesInRow = 2;

export function watchEventLoop({ delayMaxMs, sampleMs }: EventLoopPressureOptions): EventLoopPressure {
  // What is measured includes it.
  const resolutionMs = Math.ceil(sampleMs / measurementsMax);
  const delays = monitorEventLoopDelay({ resolution: resolutionMs });
  delays.enable();
  let high = 0;
  const timer = setInterval(() => {
    // Without a measurement the loop was blocked all along; the next sample will have it.
    if (delays.count === 0) return;
    const medianMs = delays.percentile(50) / 1e6 - resolutionMs;
    delays.reset();
    high = medianMs > delayMaxMs ? high + 1 : 0;
  }, sampleMs);
  timer.unref();
  return {
    isHigh: () => high >= samplesInRow,
    stop() {
      clearInterval(timer);
      delays.disable();
    },
  };
}
