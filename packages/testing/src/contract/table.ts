/** Adapter by case, for people: what passed, what does not apply, what failed. */
import type { CaseResult } from "./case.ts";

export interface ContractTable {
  note(platform: string, name: string, result: CaseResult | "failed"): void;
  /** Lines of text. */
  print(): string;
}

const marks = { passed: "yes", failed: "NO" } as const;

export function createContractTable(): ContractTable {
  const platforms: string[] = [];
  const rows = new Map<string, Map<string, string>>();
  const reasons = new Set<string>();
  return {
    note(platform, name, result) {
      if (!platforms.includes(platform)) platforms.push(platform);
      const row = rows.get(name) ?? new Map<string, string>();
      rows.set(name, row);
      const applies = result === "passed" || result === "failed";
      row.set(platform, applies ? marks[result] : "-");
      if (!applies) reasons.add(`${name} (${platform}): ${result}`);
    },
    print() {
      const first = Math.max(4, ...[...rows.keys()].map(({ length }) => length));
      const line = (cells: readonly string[], name: string) =>
        [name.padEnd(first), ...cells.map((cell, index) => cell.padEnd(platforms[index]?.length ?? 0))].join(" | ");
      return [
        line(platforms, "case"),
        line(
          platforms.map(({ length }) => "-".repeat(length)),
          "-".repeat(first),
        ),
        ...[...rows].map(([name, row]) =>
          line(
            platforms.map((platform) => row.get(platform) ?? ""),
            name,
          ),
        ),
        "",
        ...reasons,
      ].join("\n");
    },
  };
}
