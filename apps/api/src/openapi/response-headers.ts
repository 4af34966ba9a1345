/** Every header that an answer may carry and clients may want to read; routes name theirs, see `answer.ts`. */
export const responseHeaders = {
  "X-Request-Id": {
    description: "Names the request in our logs and in what follows from it; yours, if you sent a fitting one.",
    schema: { type: "string" },
    example: "0199aa0e-7c1e-7000-8000-1f6c9f0a1b2c",
  },
  Location: {
    description: "Where the created thing can be read.",
    schema: { type: "string", format: "uri-reference" },
    example: "/v1/posts/0199aa0e-7c1e-7000-8000-5d2f8f8b6a01",
  },
  ETag: {
    description: "The post's revision, for `If-Match`.",
    schema: { type: "string" },
    example: '"3"',
  },
  "Idempotent-Replayed": {
    description: "Present if the `Idempotency-Key` was seen before: this is the first answer again.",
    schema: { type: "string", const: "true" },
    example: "true",
  },
  "Retry-After": {
    description: "Seconds to wait before trying again.",
    schema: { type: "integer", minimum: 0 },
    example: 2,
  },
  RateLimit: {
    description: "What is left to the key: `r` requests, and if there are none, to wait `t` seconds.",
    schema: { type: "string" },
    example: '"per-key";r=5999;t=0',
  },
  "RateLimit-Policy": {
    description: "The key's limit: `q` requests in any `w` seconds.",
    schema: { type: "string" },
    example: '"per-key";q=6000;w=60',
  },
  "Set-Cookie": {
    description: "The session, for browsers: out of reach of scripts, and sent only by this installation's own pages.",
    schema: { type: "string" },
    example: "punctual_session=...; Path=/; Max-Age=43200; HttpOnly; SameSite=Strict; Secure",
  },
  "WWW-Authenticate": {
    description: "What is missing: the scheme, and where a key came, what is wrong with it.",
    schema: { type: "string" },
    example: 'Bearer realm="punctual"',
  },
} as const;

export type ResponseHeader = keyof typeof responseHeaders;
