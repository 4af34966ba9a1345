/**
 * What a platform says is wrong, fit to be stored and shown: one line, short, and free of secrets and of the post's
 * own text, which receivers like to echo.
 */

const reasonLengthMax = 200;
/** A shared run of this many characters counts as an echo. */
const echoLength = 12;

/** @param body the answer's body; only a JSON object's usual fields are looked at */
export function platformReason(body: Buffer, neverShown: readonly string[]): string | undefined {
  const found = readReason(body);
  return found === undefined ? undefined : shownReason(found, neverShown);
}

/** @param reason what the platform says, wherever it stood; @returns undefined if nothing of it may be shown */
export function shownReason(reason: string, neverShown: readonly string[]): string | undefined {
  const shown = inOneLine(reason).slice(0, reasonLengthMax);
  return shown === "" || neverShown.some((text) => echoes(shown, text)) ? undefined : shown;
}

function readReason(body: Buffer): string | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(body.toString("utf8"));
  } catch {
    return undefined;
  }
  if (typeof parsed !== "object" || parsed === null) return undefined;
  const answer = parsed as Record<string, unknown>;
  const nested = typeof answer["error"] === "object" && answer["error"] !== null ? answer["error"] : {};
  const candidates = [
    answer["detail"],
    answer["message"],
    answer["error"],
    (nested as Record<string, unknown>)["message"],
    answer["title"],
  ];
  return candidates.find((value): value is string => typeof value === "string");
}

function inOneLine(text: string): string {
  return text.replace(/[\s\p{Cc}]+/gu, " ").trim();
}

function echoes(reason: string, text: string): boolean {
  const shown = comparable(reason);
  const hidden = comparable(text);
  if (hidden.length < 4) return false;
  if (hidden.length <= echoLength) return shown.includes(hidden);
  for (let start = 0; start + echoLength <= shown.length; start += 1) {
    if (hidden.includes(shown.slice(start, start + echoLength))) return true;
  }
  return false;
}

/** Whoever echoes a text may have joined its lines, or escaped their ends. */
function comparable(text: string): string {
  return inOneLine(text.replace(/\\[nrt]/g, " ")).toLowerCase();
}
