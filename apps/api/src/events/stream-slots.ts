/**
 * How many event streams are open at this process: in all, of one company, and of one key, so that a client which
 * forgets to close them takes nothing from others, nor from its company's other applications.
 */
import type { ApiKeyOwner } from "@punctual/db";
import type { ApiLimits } from "../config.ts";
import { ProblemError } from "../problem.ts";

export interface StreamSlots {
  /**
   * Takes a place.
   *
   * @returns gives it back; idempotent
   * @throws {ProblemError} 429 if the company or the key has no more, 503 if nobody has
   */
  enter(owner: Pick<ApiKeyOwner, "companyId" | "apiKeyId">): () => void;
}

const retryAfterSeconds = "5";

export function createStreamSlots(limits: ApiLimits): StreamSlots {
  let all = 0;
  const byOwner = new Map<string, number>();

  function change(id: string, by: number): void {
    const count = (byOwner.get(id) ?? 0) + by;
    if (count === 0) byOwner.delete(id);
    else byOwner.set(id, count);
  }

  return {
    enter({ companyId, apiKeyId }) {
      const headers = { "retry-after": retryAfterSeconds };
      const refuse = (detail: string) => new ProblemError(429, "too_many_streams", detail, { headers });
      const ofKey = byOwner.get(apiKeyId) ?? 0;
      const ofCompany = byOwner.get(companyId) ?? 0;
      if (ofKey >= limits.streamsPerKeyMax)
        throw refuse(`This API key has ${ofKey} streams open here, and may no more.`);
      if (ofCompany >= limits.streamsPerCompanyMax)
        throw refuse(`Your company has ${ofCompany} streams open here, and may no more.`);
      if (all >= limits.streamsMax)
        throw new ProblemError(503, "unavailable", "Too many streams are open here.", { headers });
      let entered = true;
      const count = (by: number) => {
        all += by;
        for (const id of [companyId, apiKeyId]) change(id, by);
      };
      count(1);
      return () => {
        if (entered) count(-1);
        entered = false;
      };
    },
  };
}
