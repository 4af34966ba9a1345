/** Finds promtool, which checks Prometheus' rules. Where there is none such tests are skipped. */
import path from "node:path";
import { takeFromDebian } from "./debian-program.ts";
import { findInPath } from "./installed-program.ts";

const debian = { name: "promtool", packages: ["prometheus"], file: "usr/bin/promtool" };

/** @returns the path of the program; null where there is none and none can be had */
export function findPromtool(): string | null {
  const installed = findInPath(["promtool"]);
  if (installed !== null) return installed;
  const root = takeFromDebian(debian);
  return root === null ? null : path.join(root, debian.file);
}
