/** A log file that cannot fill the disk: what is older than two files' worth is dropped. */
import { appendFileSync, renameSync, statSync } from "node:fs";

export interface RotatingLog {
  write(chunk: Buffer): void;
}

const fileBytesMax = 5 * 1024 * 1024;

export function openRotatingLog(file: string): RotatingLog {
  let size = statSync(file, { throwIfNoEntry: false })?.size ?? 0;
  return {
    write: (chunk) => {
      if (size > fileBytesMax) {
        renameSync(file, `${file}.1`);
        size = 0;
      }
      appendFileSync(file, chunk, { mode: 0o600 });
      size += chunk.length;
    },
  };
}
