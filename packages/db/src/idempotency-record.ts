/** The first answer that was given under an Idempotency-Key, byte for byte, so that it can be given again. */

/** Where a key counts: one company may use it once on each path. */
export interface IdempotencyScope {
  path: string;
  /** 1 to 255 characters. */
  key: string;
}

export interface IdempotentAnswer {
  /** SHA-256 of the request body as canonical JSON, in hex. */
  requestHash: string;
  statusCode: number;
  location: string | null;
  /** The body that was sent. */
  response: string;
}
