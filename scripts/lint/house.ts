/** The house's own lint rules, loaded by .oxlintrc.json. */
import { importBoundaries } from "./import-boundaries.ts";
import { platformNames } from "./platform-names.ts";
import { pureCore } from "./pure-core.ts";
import { fileNouns, noSleep, onlyErrorClasses } from "./style.ts";

const plugin = {
  meta: { name: "house" },
  rules: {
    "file-nouns": fileNouns,
    "import-boundaries": importBoundaries,
    "no-sleep": noSleep,
    "only-error-classes": onlyErrorClasses,
    "platform-names": platformNames,
    "pure-core": pureCore,
  },
};

// The linter takes a plugin as the default export.
export default plugin;
