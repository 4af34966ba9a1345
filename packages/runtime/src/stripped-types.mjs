// Loaded before a program: serves our modules without their types where they were stripped at installation
// (scripts/strip-types.mjs). What strips them, part of Node, takes 12 MB that stay. A module that was changed since, or
// never stripped, is left to Node. Plain JavaScript without dependencies: nothing has been stripped yet.
import { readFileSync } from "node:fs";
import { registerHooks } from "node:module";
import { strippedFile } from "./stripped-file.mjs";

registerHooks({
  load(url, context, nextLoad) {
    const loaded = nextLoad(url, context);
    if (loaded.format !== "module-typescript" || loaded.source === undefined) return loaded;
    try {
      return { ...loaded, format: "module", source: readFileSync(strippedFile(loaded.source)) };
    } catch {
      return loaded;
    }
  },
});
