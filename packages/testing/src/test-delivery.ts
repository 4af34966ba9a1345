/** An event that was handed to an endpoint, for tests of what comes after. */
import { newId } from "@punctual/db";
import type { SqlRunner } from "./test-post.ts";

/** @returns the id of the delivery, which is due */
export async function insertTestDelivery(
  { sql }: SqlRunner,
  { companyId, endpointId }: { companyId: string; endpointId: string },
  type = "post.published",
): Promise<string> {
  const id = newId();
  await sql(
    `WITH event AS (INSERT INTO events (company_id, type) VALUES ($1, $2) RETURNING sequence)
     INSERT INTO webhook_deliveries (id, company_id, endpoint_id, event_sequence) SELECT $3, $1, $4, sequence FROM event`,
    [companyId, type, id, endpointId],
  );
  return id;
}
