/** What no sensible client sends: values, bodies, query strings and headers, chosen by the dice. */
import type { Dice } from "./dice.fixture.ts";

const injections = [
  "'; DROP TABLE posts; --",
  "1 OR 1=1",
  "$1",
  "\\'); SELECT pg_sleep(10); --",
  "${jndi:ldap://127.0.0.1/a}",
  "{{7*7}}",
  "<script>alert(1)</script>",
  "../../../../etc/passwd",
  "%00",
  "%s%s%n",
  "__proto__",
  "constructor",
];

const texts = [
  "",
  " ",
  "\u0000",
  "a\u0000b",
  "\uD800",
  "\uDFFF\uD800",
  "\u202E\u2066reversed",
  "\uFEFF",
  "e\u0301".repeat(200),
  "👨‍👩‍👧‍👦".repeat(500),
  "ﷺ".repeat(300),
  "\r\nx-injected: yes\r\n",
  "x".repeat(70_000),
  "null",
  "NaN",
  "-0",
  "0x10",
  "1e309",
  "2027-02-30T25:61:61Z",
  "2027-06-01T00:00:00",
  "9999999-01-01T00:00:00Z",
  "-000001-01-01T00:00:00Z",
  "0000-01-01T00:00:00Z",
  "9999-12-31T23:59:59-23:59",
  "0198a1b2-0000-7000-8000-00000000000",
  "00000000-0000-0000-0000-000000000000",
  "http://[::1]:0/",
  "javascript:alert(1)",
  "https://example.com/" + "a".repeat(5_000),
];

const numbers = [0, -1, 0.1, 1e21, -1e21, 2 ** 31, 2 ** 53, 2 ** 63, 1e308, 5e-324, 201, 1_001, -0];

export function nonsenseValue(dice: Dice, depth = 0): unknown {
  switch (dice.below(depth > 3 ? 5 : 9)) {
    case 0:
      return null;
    case 1:
      return dice.chance(0.5);
    case 2:
      return dice.pick(numbers);
    case 3:
      return dice.pick(texts);
    case 4:
      return dice.pick(injections);
    case 5:
      return Array.from({ length: dice.below(4) }, () => nonsenseValue(dice, depth + 1));
    case 6:
      return { [dice.pick([...injections, "text", "id", ""])]: nonsenseValue(dice, depth + 1) };
    case 7:
      return nested(dice.pick([10, 100, 2_000]));
    default:
      return Array.from({ length: dice.pick([1_001, 5_000]) }, () => 0);
  }
}

function nested(depth: number): unknown {
  let value: unknown = 1;
  for (let level = 0; level < depth; level += 1) value = level % 2 === 0 ? [value] : { a: value };
  return value;
}

/** One or two places in a body made wrong: a field changed, taken away, added, or the whole replaced. */
export function spoilBody(dice: Dice, body: unknown): unknown {
  if (dice.chance(0.1) || typeof body !== "object" || body === null) return nonsenseValue(dice);
  const spoilt = structuredClone(body) as Record<string, unknown>;
  for (let times = 1 + dice.below(2); times > 0; times -= 1) spoilPlace(dice, spoilt);
  return spoilt;
}

function spoilPlace(dice: Dice, target: Record<string, unknown> | unknown[]): void {
  const keys = Object.keys(target);
  const key = keys.length === 0 ? "unknown" : dice.pick(keys);
  const holder = target as Record<string, unknown>;
  const inner = holder[key];
  if (typeof inner === "object" && inner !== null && dice.chance(0.6)) {
    return spoilPlace(dice, inner as Record<string, unknown>);
  }
  switch (dice.below(4)) {
    case 0:
      if (Array.isArray(target)) target.length = 0;
      else delete holder[key];
      return;
    case 1:
      if (Array.isArray(target)) target.push(nonsenseValue(dice));
      else holder[dice.pick([...injections, "unknown"])] = nonsenseValue(dice);
      return;
    default:
      holder[key] = nonsenseValue(dice);
  }
}

/** Text that is not quite JSON. */
export function brokenJson(dice: Dice, json: string): string | Buffer {
  switch (dice.below(8)) {
    case 0:
      return json.slice(0, dice.below(json.length));
    case 1:
      return `${json}}`;
    case 2:
      return "[".repeat(dice.pick([1_000, 100_000]));
    case 3:
      return json.replace("{", '{"__proto__": {"admin": true}, ');
    case 4:
      return Buffer.from([0xff, 0xfe, 0x00, 0x80, 0xc3, 0x28]);
    case 5:
      return "";
    case 6:
      return json.replace(/"/g, "'");
    default:
      return json.replace("{", `{"text": 1${"0".repeat(dice.pick([30, 5_000]))}, `);
  }
}

export function nonsenseQuery(dice: Dice): string {
  const known = ["limit", "cursor", "status", "platform", "socialAccountId", "clientId", "groupId", "type", "include"];
  const instants = ["scheduledFrom", "scheduledTo"];
  const names = [...known, ...instants, "cancelWaiting", "__proto__", "limit[]", "a.b", "unknown"];
  const value = () => dice.pick([...texts.filter((text) => text.length < 6_000), ...injections, "1", "-1", "0", "201"]);
  const pair = () => `${encodeURIComponent(dice.pick(names))}=${encodeURIComponent(wellFormed(value()))}`;
  const pairs = Array.from({ length: 1 + dice.below(3) }, pair);
  return dice.chance(0.1)
    ? `?${dice.pick(["%", "%zz", "&&&", "=", "a=%C3%28", "limit=1&limit=2"])}`
    : `?${pairs.join("&")}`;
}

export function nonsensePart(dice: Dice): string {
  const odd = ["%", "%2e%2e", "%00", "..;", "undefined", "0", "-1", "%F0%9F%98%80", "a".repeat(300), "%2F", "null"];
  return dice.chance(0.5) ? dice.pick(odd) : encodeURIComponent(dice.pick(injections));
}

export function nonsenseHeaders(dice: Dice): Record<string, string> {
  const key = () => dice.pick(["", " ", "k".repeat(300), "'; --", "\u00ff", "a,b", "\t"]);
  return dice.pick<() => Record<string, string>>([
    () => ({
      "content-type": dice.pick([
        "text/plain",
        "application/xml",
        "multipart/form-data",
        "application/json; charset=utf-7",
      ]),
    }),
    () => ({ "content-type": "application/json;;;=" }),
    () => ({ "idempotency-key": key() }),
    () => ({ "if-match": dice.pick(["*", '"', '"1', "1", '"99999999999999999999"', '""', '"1", "2"', 'W/"1"']) }),
    () => ({ accept: dice.pick(["text/event-stream;q=0", "image/png", "*", "a/b;q=2", ","]) }),
    () => ({ "last-event-id": dice.pick(["-1", "1", "1-1", "9".repeat(40), "1-1-1", "'"]) }),
    () => ({ "x-request-id": dice.pick(["x".repeat(5_000), "<b>", "\u00e9", "a b"]) }),
    () => ({ "content-encoding": dice.pick(["gzip", "br", "identity, gzip"]) }),
    () => ({ cookie: "a".repeat(4_000) }),
    () => ({ "x-forwarded-for": "127.0.0.1, ::1", "x-forwarded-proto": "https", host: "evil.example" }),
    () => ({ expect: dice.pick(["100-continue", "200-ok"]) }),
    () => ({ "x-http-method-override": "DELETE", "transfer-encoding": "chunked" }),
  ])();
}

/** A lone surrogate has no UTF-8, so no URL can carry it. */
function wellFormed(text: string): string {
  return (text as string & { toWellFormed(): string }).toWellFormed();
}
