/** The naive service with a database of its own: the same columns, and only the indexes such a service would have. */
import { randomUUID } from "node:crypto";
import { startHelper, type Helper } from "./program.ts";
import type { Question } from "./parent.ts";
import { file, type Stage } from "./stage.ts";

export interface NaiveService {
  url: string;
  socialAccountId: string;
  delayed(): Promise<number>;
  stop(): Promise<void>;
}

const plainTable = [
  "CREATE TABLE plain_posts (LIKE posts INCLUDING DEFAULTS)",
  "DROP TABLE posts CASCADE",
  "ALTER TABLE plain_posts RENAME TO posts",
  "ALTER TABLE posts ADD PRIMARY KEY (id)",
  "CREATE INDEX ON posts (company_id, id)",
];

export async function startNaiveService(stage: Stage): Promise<NaiveService> {
  const own = await stage.createDatabase({});
  for (const statement of plainTable) await own.database.prisma.$executeRawUnsafe(statement);
  let service: Helper<Question>;
  try {
    service = await startHelper({
      name: "naive-service",
      file: file("floors/naive-service.ts"),
      environment: { DATABASE_URL: own.url, REDIS_URL: stage.redisUrl, COMPANY_ID: randomUUID() },
      directory: stage.directory,
    });
  } catch (error) {
    await own.drop();
    throw error;
  }
  return {
    url: String(service.ready["url"]),
    socialAccountId: randomUUID(),
    delayed: () => stage.redis.zcard("bull:naive:delayed"),
    async stop() {
      await service.stop();
      await own.drop();
    },
  };
}
