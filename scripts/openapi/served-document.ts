/**
 * `/openapi.json` as an API process serves it. The API is put together as in production and asked for nothing else, so
 * it needs neither Postgres nor Redis: the addresses lead nowhere.
 */
import { randomBytes } from "node:crypto";
import { createLogger } from "@punctual/runtime";
import { createApi } from "../../apps/api/src/api.ts";
import { readApiConfig } from "../../apps/api/src/config.ts";

export async function servedDocument(): Promise<string> {
  let url = "";
  const log = {
    write(line: string) {
      url = (JSON.parse(line) as { url?: string }).url ?? url;
    },
  };
  const config = readApiConfig({
    DATABASE_URL: "postgres://nobody@127.0.0.1:1/none",
    REDIS_URL: "redis://127.0.0.1:1",
    ENCRYPTION_KEYS: randomBytes(32).toString("base64"),
    OPERATOR_PASSWORD: randomBytes(16).toString("hex"),
    PORT: "0",
  });
  const services = await createApi(config, {}, createLogger("openapi", "info", log)).services();
  try {
    await services.at(-1)?.start();
    const answer = await fetch(`${url}/openapi.json`);
    if (answer.status !== 200) throw new Error(`/openapi.json was answered with ${answer.status}`);
    return await answer.text();
  } finally {
    for (const service of services.toReversed()) await service.stop();
  }
}
