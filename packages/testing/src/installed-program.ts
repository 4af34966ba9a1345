/** Programs of this machine that tests use if they are there. */
import { accessSync, constants } from "node:fs";
import path from "node:path";

/** The first of these names that PATH knows. @returns its path; null: none is there */
export function findInPath(names: readonly string[], searchPath: string = process.env.PATH ?? ""): string | null {
  const directories = searchPath.split(path.delimiter).filter((directory) => directory !== "");
  return names.flatMap((name) => directories.map((directory) => path.join(directory, name))).find(isProgram) ?? null;
}

export function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
