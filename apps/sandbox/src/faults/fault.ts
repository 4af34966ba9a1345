/**
 * How a platform can be made to misbehave, as data: the schema clients send, and the types read off it.
 *
 * `accept_then_*`, `slow_response` and `garbage` carry the call out first, so the post becomes visible although the
 * client gets another answer or none. `status`, `reset`, `hang` and `lookup_fail` do not carry it out: a certain no.
 * `delay` carries it out late, even if the client has left by then. `lookup_lag` makes a listing show only what is
 * older than the lag.
 */
import { type Static, type TSchema, Type } from "typebox";

/** How far a call got on its way to a visible post, or how it looks for one. */
export const stages = [
  /** Repeatable and invisible: uploads, containers. */
  "prepare",
  /** The call that makes the post visible. */
  "publish",
  /** Reading the very thing: a container, a record under its key. */
  "read",
  /** A listing, which may lag behind. */
  "list",
] as const;
export type Stage = (typeof stages)[number];

const status = Type.Integer({ minimum: 300, maximum: 599 });
const retryAfter = Type.Union(
  [Type.Integer({ minimum: 0, maximum: 604_800 }), Type.String({ pattern: "^[A-Za-z0-9,: ]+ GMT$" })],
  {
    description: "For the Retry-After header: seconds, or an HTTP date.",
  },
);
const milliseconds = Type.Integer({ minimum: 1, maximum: 600_000 });
const body = Type.Union([Type.String({ maxLength: 100_000 }), Type.Object({}, { additionalProperties: true })], {
  description: "A text goes out as it is, an object as JSON; without it the platform's own shape of an error does.",
});

const variants = {
  status: variant("status", { status, retryAfter: Type.Optional(retryAfter), body: Type.Optional(body) }),
  delay: variant("delay", { ms: milliseconds }),
  reset: variant("reset", {}),
  hang: variant("hang", { ms: Type.Optional(milliseconds) }),
  acceptThenReset: variant("accept_then_reset", {}),
  acceptThenHang: variant("accept_then_hang", { ms: Type.Optional(milliseconds) }),
  acceptThenStatus: variant("accept_then_status", {
    status,
    retryAfter: Type.Optional(retryAfter),
    body: Type.Optional(body),
  }),
  slowResponse: variant("slow_response", { ms: milliseconds }),
  garbage: variant("garbage", { form: Type.Enum(["not_http", "invalid_json"]) }),
  lookupLag: variant("lookup_lag", { ms: Type.Integer({ minimum: 1, maximum: 86_400_000 }) }),
  lookupFail: variant("lookup_fail", { status, retryAfter: Type.Optional(retryAfter), body: Type.Optional(body) }),
} as const;

export const faultKinds = Object.values(variants).map(({ properties }) => properties.kind.const);
export type Fault = Static<(typeof variants)[keyof typeof variants]>;

const matching = Type.Object({
  platform: Type.Optional(Type.String({ minLength: 1, maxLength: 100 })),
  account: Type.Optional(Type.String({ minLength: 1, maxLength: 200 })),
  postId: Type.Optional(Type.String({ minLength: 1, maxLength: 200 })),
  stage: Type.Optional(Type.Enum([...stages])),
  times: Type.Integer({ minimum: 1, maximum: 1_000_000 }),
  probability: Type.Optional(Type.Number({ exclusiveMinimum: 0, maximum: 1 })),
  seed: Type.Optional(Type.Integer({ minimum: 0, maximum: 0xffffffff })),
});

/** A rule clients give: which calls misbehave, how often, and how. What is not named matches everything. */
export type FaultRule = Static<typeof matching> & { fault: Fault };

export const faultRuleSchema = Type.Unsafe<FaultRule>({
  type: "object",
  additionalProperties: false,
  required: ["times", "fault"],
  properties: {
    ...matching.properties,
    // By its kind, so that a complaint names the field that is wrong and not all kinds there are.
    fault: {
      type: "object",
      required: ["kind"],
      properties: { kind: { enum: faultKinds } },
      discriminator: { propertyName: "kind" },
      oneOf: Object.values(variants),
    },
  },
  // Chance without a seed could not be repeated; a seed without a chance would do nothing.
  dependencies: { probability: ["seed"], seed: ["probability"] },
});

/** Which stages a rule applies to: the one it names, else the one its fault is about. */
export function stagesOf(rule: FaultRule): readonly Stage[] {
  if (rule.fault.kind === "lookup_lag") return ["list"];
  if (rule.stage !== undefined) return [rule.stage];
  return rule.fault.kind === "lookup_fail" ? ["read", "list"] : ["publish"];
}

/** What contradicts itself in a rule that fits the schema; null if nothing does. */
export function contradictionIn({ stage, fault }: FaultRule): string | null {
  if (stage === undefined) return null;
  if (fault.kind === "lookup_lag" && stage !== "list") return "only a listing can lag: stage must be list, or left out";
  if (fault.kind === "lookup_fail" && stage !== "read" && stage !== "list") {
    return "a look-up is a read or a list: stage must be one of them, or left out";
  }
  return null;
}

function variant<const Kind extends string, Fields extends Record<string, TSchema>>(kind: Kind, fields: Fields) {
  return Type.Object({ kind: Type.Literal(kind), ...fields }, { additionalProperties: false });
}
