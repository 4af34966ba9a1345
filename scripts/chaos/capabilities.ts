/** Which of the workload's requests the API takes: a run uses all there are, and its report says which were not. */
import type { ApiClient } from "./api-client.ts";

export interface Capabilities {
  bulk: boolean;
  edit: boolean;
  retry: boolean;
  resolve: boolean;
  pause: boolean;
}

const nowhere = "00000000-0000-7000-8000-000000000000";

export async function findCapabilities(client: ApiClient): Promise<Capabilities> {
  const isThere = async (method: "POST" | "PATCH", path: string, body: unknown) => {
    const answer = await client.call(method, path, body);
    if (answer === null) throw new Error("the API does not answer");
    // A route that does not exist is a 404 or 405 about the address; one that does looks at the body or the id.
    return answer.status !== 405 && answer.body["detail"] !== "There is nothing at this address.";
  };
  return {
    bulk: await isThere("POST", "/v1/posts/bulk", { posts: [] }),
    edit: await isThere("PATCH", `/v1/posts/${nowhere}`, {}),
    retry: await isThere("POST", `/v1/posts/${nowhere}/retry`, undefined),
    resolve: await isThere("POST", `/v1/posts/${nowhere}/resolve`, { outcome: "not_published" }),
    pause: await isThere("POST", `/v1/social-accounts/${nowhere}/pause`, undefined),
  };
}
