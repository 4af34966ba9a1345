/** Amounts in sentences: one post is, two posts are. */

/** `1 post`, `12,345 posts`. */
export function counted(amount: number, noun: string): string {
  return `${amount.toLocaleString("en-GB")} ${noun}${amount === 1 ? "" : "s"}`;
}

/** The verb that fits the amount. */
export function verb(amount: number, one: string, many: string): string {
  return amount === 1 ? one : many;
}
