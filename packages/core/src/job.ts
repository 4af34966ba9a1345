/**
 * What is put on a queue: an alarm clock with ids, never content. The id names the revision and the generation,
 * because BullMQ silently ignores an id it still knows: every re-entry to waiting raises the generation.
 */

export interface PublishJob {
  postId: string;
  revision: number;
}

export interface PublishJobId extends PublishJob {
  generation: number;
}

const uuid = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}";
const jobIdPattern = new RegExp(`^(${uuid})_([1-9][0-9]{0,8})_(0|[1-9][0-9]{0,8})$`);
const uuidPattern = new RegExp(`^${uuid}$`);

export function queueName(platform: string): string {
  return `publish-${platform}`;
}

export function publishJobId({ postId, revision, generation }: PublishJobId): string {
  return `${postId}_${revision}_${generation}`;
}

/** Reads what came out of Redis as strictly as a request body; null if it is not one of ours. */
export function parsePublishJob(id: string | undefined, data: unknown): PublishJobId | null {
  const match = jobIdPattern.exec(id ?? "");
  if (match === null || typeof data !== "object" || data === null) return null;
  const { postId, revision, ...rest } = data as Record<string, unknown>;
  if (typeof postId !== "string" || !uuidPattern.test(postId) || Object.keys(rest).length > 0) return null;
  if (match[1] !== postId || Number(match[2]) !== revision) return null;
  return { postId, revision, generation: Number(match[3]) };
}
