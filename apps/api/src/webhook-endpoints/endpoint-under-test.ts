/** For tests: endpoints made over HTTP. */
import type { AppUnderTest } from "../app-under-test.ts";
import type { EndpointOut } from "./schemas.ts";

export const endpointPath = "/v1/webhook-endpoints";
export const endpointUrl = "https://example.com/hooks";
export type Created = EndpointOut & { secret: string };

export async function createEndpoint(
  api: AppUnderTest,
  key: string,
  body: object = { url: endpointUrl },
): Promise<Created> {
  const answer = await api.call<Created>(key, "POST", endpointPath, { body });
  if (answer.status !== 201) throw new Error(`refused with ${answer.status}: ${answer.text}`);
  return answer.body;
}
