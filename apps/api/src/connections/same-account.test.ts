/** An account that was given by key is known again when somebody logs in to it. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { openConnections, type Company, type ConnectionsUnderTest } from "./connections.fixture.ts";
import { proofIn } from "./walker.fixture.ts";

let under: ConnectionsUnderTest;

beforeAll(async () => {
  under = await openConnections();
});
afterAll(() => under.close());

const handle = "kim.example";

async function logIn(company: Company): Promise<void> {
  const walker = under.walker();
  const started = await under.start(company, { platform: "bluesky" });
  const asked = await walker.go(started.authorizeUrl);
  const answers = { "answer.identifier": handle, "answer.appPassword": `sandbox.${handle}.1` };
  const end = await walker.go(started.authorizeUrl, { proof: proofIn(asked), action: "continue", ...answers });
  expect(end.url).toContain("status=connected");
}

async function credentialsOf(id: string): Promise<Record<string, unknown>> {
  const [row] = await under.env.sql<{ credentials: string }>("SELECT credentials FROM social_accounts WHERE id = $1", [
    id,
  ]);
  return JSON.parse(under.env.keyring.open(row?.credentials ?? "", id)) as Record<string, unknown>;
}

test("by handle before it had a session, and by who it is after its handle changed or where it has none", async () => {
  const company = await under.company();
  const credentials = { identifier: handle, appPassword: "old-secret" };
  const body = { platform: "bluesky", name: "Kim", settings: {}, credentials, sandbox: true };
  const given = await under.api.call<{ id: string }>(company.key, "POST", "/v1/social-accounts", { body });
  const { id } = given.body;
  await logIn(company);
  expect(await under.accountsOf(company)).toMatchObject([{ id }]);

  const { did, accessJwt, refreshJwt } = await credentialsOf(id);
  for (const identifier of ["was.example", "kim@mail.example", did]) {
    const sealed = under.env.keyring.seal(
      JSON.stringify({ ...credentials, identifier, did, accessJwt, refreshJwt }),
      id,
    );
    await under.env.sql("UPDATE social_accounts SET credentials = $2 WHERE id = $1", [id, sealed]);
    await logIn(company);
    expect(await under.accountsOf(company)).toMatchObject([{ id }]);
    expect(await credentialsOf(id)).toMatchObject({ identifier: handle, did });
  }
});
