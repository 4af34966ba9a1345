/**
 * How much of Meta's limits is used up, told with every answer: `X-Business-Use-Case-Usage` per page or account,
 * `X-App-Usage` for everything that goes through our app. Figures are per cent; the time to regain access is in
 * minutes (Meta, "Rate limits"). There is no Retry-After.
 */

export interface GraphUsage {
  /** Against whom a limit is in force; null: none is. */
  limited: "account" | "app" | null;
  /** How long it stays, in milliseconds, if Meta says so. */
  regainMs: number | null;
}

const noLimit: GraphUsage = { limited: null, regainMs: null };
const percentMax = 100;

export function readUsage(headers: Readonly<Record<string, string>>): GraphUsage {
  const business = Object.values(objectIn(headers["x-business-use-case-usage"])).flat();
  const regainMs = Math.max(0, ...business.map((use) => numberOf(use, "estimated_time_to_regain_access") * 60_000));
  if (regainMs > 0) return { limited: "account", regainMs };
  if (business.some(isUsedUp)) return { limited: "account", regainMs: null };
  return isUsedUp(objectIn(headers["x-app-usage"])) ? { limited: "app", regainMs: null } : noLimit;
}

function isUsedUp(use: unknown): boolean {
  return ["call_count", "total_cputime", "total_time"].some((name) => numberOf(use, name) >= percentMax);
}

function numberOf(use: unknown, name: string): number {
  const value = typeof use === "object" && use !== null ? (use as Record<string, unknown>)[name] : undefined;
  return typeof value === "number" && Number.isFinite(value) ? value : 0;
}

function objectIn(header: string | undefined): Record<string, unknown> {
  try {
    const parsed: unknown = JSON.parse(header ?? "{}");
    return typeof parsed === "object" && parsed !== null ? (parsed as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
