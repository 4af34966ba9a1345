/**
 * What is put on a queue: an alarm clock with ids, never content. The id names the revision and the generation,
 * because BullMQ silently ignores an id it still knows: every re-entry to waiting raises the generation.
 */

/** One kind of work that waits on queues: how its jobs are named, written and read. */
export interface JobKind<Id> {
  /** What the board calls its jobs. */
  readonly name: string;
  /** @param lane what keeps its jobs apart, one queue each */
  queueName(lane: string): string;
  id(job: Id): string;
  data(job: Id): Readonly<Record<string, string | number>>;
  /** Reads what came out of Redis as strictly as a request body; null if it is not one of ours. */
  parse(id: string | undefined, data: unknown): Id | null;
}

export interface PublishJob {
  postId: string;
  revision: number;
}

export interface PublishJobId extends PublishJob {
  generation: number;
}

/** One attempt to bring an event to an endpoint. */
export interface DeliveryJob {
  deliveryId: string;
  /** Rises with every replay. */
  round: number;
}

export interface DeliveryJobId extends DeliveryJob {
  generation: number;
}

/** The job its subject had before it came back to waiting: if that never fired, nobody needs it any more. */
export function formerJob<Job extends { generation: number }>(job: Job): Job {
  return { ...job, generation: job.generation - 1 };
}

/** The only lane of deliveries, and the name of their queue. */
export const deliveryLane = "webhook-deliveries";

const uuid = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}";
const jobIdPattern = new RegExp(`^(${uuid})_([1-9][0-9]{0,8})_(0|[1-9][0-9]{0,8})$`);
const uuidPattern = new RegExp(`^${uuid}$`);

export function queueName(platform: string): string {
  return `publish-${platform}`;
}

export function publishJobId({ postId, revision, generation }: PublishJobId): string {
  return `${postId}_${revision}_${generation}`;
}

export function parsePublishJob(id: string | undefined, data: unknown): PublishJobId | null {
  const parts = parseJob(id, data, "postId", "revision");
  return parts === null ? null : { postId: parts.subject, revision: parts.version, generation: parts.generation };
}

/** Publishing posts; a lane is a platform. */
export const publishJobs: JobKind<PublishJobId> = {
  name: "publish",
  queueName,
  id: publishJobId,
  data: ({ postId, revision }) => ({ postId, revision }),
  parse: parsePublishJob,
};

/** Preparing posts before their instant; a lane is a platform. */
export const prepareJobs: JobKind<PublishJobId> = {
  ...publishJobs,
  name: "prepare",
  queueName: (platform) => `prepare-${platform}`,
};

/** Bringing events to the clients' endpoints. */
export const deliveryJobs: JobKind<DeliveryJobId> = {
  name: "deliver",
  queueName: (lane) => lane,
  id: ({ deliveryId, round, generation }) => `${deliveryId}_${round}_${generation}`,
  data: ({ deliveryId, round }) => ({ deliveryId, round }),
  parse(id, data) {
    const parts = parseJob(id, data, "deliveryId", "round");
    return parts === null ? null : { deliveryId: parts.subject, round: parts.version, generation: parts.generation };
  },
};

/** The id and the body must say the same, and the body nothing else. */
function parseJob(
  id: string | undefined,
  data: unknown,
  subjectField: string,
  versionField: string,
): { subject: string; version: number; generation: number } | null {
  const match = jobIdPattern.exec(id ?? "");
  if (match === null || typeof data !== "object" || data === null) return null;
  const { [subjectField]: subject, [versionField]: version, ...rest } = data as Record<string, unknown>;
  if (typeof subject !== "string" || !uuidPattern.test(subject) || Object.keys(rest).length > 0) return null;
  if (match[1] !== subject || Number(match[2]) !== version) return null;
  return { subject, version, generation: Number(match[3]) };
}
