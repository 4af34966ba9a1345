/** As much of the linter's plugin interface (ESLint's) as the house rules use. */

export interface Rule {
  create(context: RuleContext): Record<string, (node: Node) => void>;
}

export interface RuleContext {
  /** Absolute. */
  readonly filename: string;
  /** Absolute; the folder the linter was started in, which is the checkout. */
  readonly cwd: string;
  report(finding: { node: Node; message: string }): void;
}

/** A node of the syntax tree (ESTree), as loosely typed as a visitor sees it. */
export interface Node {
  readonly type: string;
  readonly [property: string]: unknown;
}

export function isNode(value: unknown): value is Node {
  return typeof value === "object" && value !== null && "type" in value;
}

/** `name` of an identifier, else undefined. */
export function identifierName(value: unknown): string | undefined {
  return isNode(value) && value.type === "Identifier" && typeof value["name"] === "string" ? value["name"] : undefined;
}

/** Value of a string literal, else undefined. */
export function stringValue(value: unknown): string | undefined {
  return isNode(value) && value.type === "Literal" && typeof value["value"] === "string" ? value["value"] : undefined;
}

/** Where the file is in the checkout, with forward slashes: `packages/core/src/job.ts`. */
export function pathInCheckout({ cwd, filename }: RuleContext): string {
  return filename.slice(cwd.length + 1).replaceAll("\\", "/");
}

/** Tests, and what several tests of one folder share (`*.fixture.ts`). */
export function isTest(file: string): boolean {
  return /\.(test|fixture)\.ts$/.test(file);
}
