/** Ids of rows: UUIDv7, so that the order of ids is the order of making, and lists page by id alone. */
import { v7 } from "uuid";

export function newId(): string {
  return v7();
}
