/** An error of the Graph API as it stands in an answer's body. What to do about it is decided by its numbers alone. */

export interface GraphError {
  code: number;
  subcode: number | null;
  isTransient: boolean;
  /** For people; may repeat what the post says. */
  message: string;
}

/** @returns null if the answer holds no such error, as when something in between answered */
export function readGraphError(body: Readonly<Record<string, unknown>>): GraphError | null {
  const error = body["error"];
  if (typeof error !== "object" || error === null) return null;
  const fields = error as Record<string, unknown>;
  const { code, error_subcode: subcode } = fields;
  if (typeof code !== "number" || !Number.isSafeInteger(code)) return null;
  const told = [fields["error_user_msg"], fields["message"]].find((text) => typeof text === "string" && text !== "");
  return {
    code,
    subcode: typeof subcode === "number" && Number.isSafeInteger(subcode) ? subcode : null,
    isTransient: fields["is_transient"] === true,
    message: typeof told === "string" ? told : "",
  };
}

/** Stable, for programs: `graph_190_463`. */
export function graphErrorCode({ code, subcode }: Pick<GraphError, "code" | "subcode">): string {
  return subcode === null ? `graph_${code}` : `graph_${code}_${subcode}`;
}
