/** Which stretch of a list, newest first, is wanted. Pages follow ids, so rows that change are neither skipped nor repeated. */
export interface PageRequest {
  /** Rows at most. */
  limit: number;
  /** Only rows older than this id; null: from the newest. */
  beforeId: string | null;
}
