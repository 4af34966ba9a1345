/** An operator has one account reconnected: by its own log-in and no other. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { OperatorAccount } from "../operator/account-schemas.ts";
import { operatorCalls, viewer, type OperatorCall, type OperatorPage } from "../operator/operator-calls.fixture.ts";
import { openConnections, type Company, type ConnectionsUnderTest, type Started } from "./connections.fixture.ts";

let under: ConnectionsUnderTest;
let call: OperatorCall;

beforeAll(async () => {
  under = await openConnections();
  const calls = operatorCalls(() => under.api);
  call = (method, path, body, headers) =>
    calls(method, path, body, headers ?? { ...operatorHeaders, host: new URL(under.url).host });
});
afterAll(() => under.close());

const operatorHeaders = { authorization: `Basic ${Buffer.from("operator:operator-password").toString("base64")}` };
const broken =
  "UPDATE social_accounts SET status = 'needs_reconnect', credentials = 'gone' WHERE id = ANY ($1::uuid[])";

/** Accounts of a log-in, connected by the company and broken since. @returns their ids by name */
async function connected(company: Company, handle: string, platform: string, choose?: readonly string[]) {
  await under.walk(
    under.walker(),
    await under.start(company, { platform, clientId: company.clientId }),
    handle,
    choose,
  );
  const accounts = await under.accountsOf(company);
  await under.env.sql(broken, [accounts.map(({ id }) => id)]);
  return new Map(accounts.map(({ id, name }) => [name, id]));
}

async function link(id: string): Promise<Started> {
  const answer = await call<Started>("POST", `/social-accounts/${id}/reconnect`);
  expect(answer.status, answer.text).toBe(201);
  return answer.body;
}

const stateOf = async (id: string) => (await call<OperatorAccount>("GET", `/social-accounts/${id}`)).body.status;

describe("the link", () => {
  test("reconnects its account and none beside it, whoever opens it, and leads back to the operators' page", async () => {
    const company = await under.company();
    const ids = await connected(company, "alex", "linkedin", ["0", "1", "2"]);
    const [club = "", person = ""] = [ids.get("Company of alex"), ids.get("alex")];
    const started = await link(club);
    const walker = under.walker();
    const asked = await walker.go(started.authorizeUrl);
    expect(asked.text).toContain("Reconnect Company of alex to Test company?");
    const end = await under.walk(walker, started, "alex");
    expect(end.url).toBe(`${under.url}/accounts?q=${club}&connection=${started.id}&status=connected`);
    expect([await stateOf(club), await stateOf(person)]).toEqual(["active", "needs_reconnect"]);
    expect(await under.connectionOf(company, started.id)).toMatchObject({ socialAccountIds: [club] });
    expect(await under.accountsOf(company)).toHaveLength(3);
    const check = await call("POST", `/social-accounts/${club}/check`);
    expect(check.body).toMatchObject({ result: "works" });
  });

  test("tells whoever logs in as somebody else so, and stores nothing", async () => {
    const company = await under.company();
    const [id = ""] = (await connected(company, "sam", "instagram")).values();
    const started = await link(id);
    const told = await under.walk(under.walker(), started, "kim");
    expect(told.status).toBe(422);
    expect(told.text).toMatch(/as somebody who has @kim, but not @sam.*Nothing was changed/);
    expect(await stateOf(id)).toBe("needs_reconnect");
    expect(await under.accountsOf(company)).toHaveLength(1);
    expect(await under.connectionOf(company, started.id)).toMatchObject({ status: "failed", socialAccountIds: [] });
  });

  test("is for bluesky an app password of that very account", async () => {
    const account = { platform: "bluesky", credentials: { identifier: "Kit.Example", appPassword: "x" } };
    const { socialAccountId } = await under.env.createTenant(account);
    await under.env.sql("UPDATE social_accounts SET status = 'needs_reconnect' WHERE id = $1", [socialAccountId]);
    const password = (handle: string) => ({ "answer.identifier": handle, "answer.appPassword": `sandbox.${handle}.1` });
    const walk = async (handle: string) => {
      const walker = under.walker();
      const { authorizeUrl } = await link(socialAccountId);
      const { text } = await walker.go(authorizeUrl);
      const proof = /name="proof" value="([^"]+)"/.exec(text)?.[1] ?? "";
      return walker.go(authorizeUrl, { proof, action: "continue", ...password(handle) });
    };
    expect((await walk("other.example")).text).toContain("Nothing was changed");
    expect(await stateOf(socialAccountId)).toBe("needs_reconnect");
    expect((await walk("kit.example")).url).toContain("status=connected");
    expect(await stateOf(socialAccountId)).toBe("active");
  });
});

describe("starting", () => {
  test.each([
    ["webhook", {}, "no_log_in"],
    ["facebook", { sandbox: false, settings: { pageId: "1" } }, "not_configured"],
    ["mastodon", {}, "not_recognisable"],
  ])("is refused for %s with %o, with what is to be done instead", async (platform, more, code) => {
    const { socialAccountId } = await under.env.createTenant({ platform, ...more });
    const answer = await call("POST", `/social-accounts/${socialAccountId}/reconnect`);
    expect(answer).toMatchObject({ status: 422, body: { code } });
    expect(answer.body.detail).toContain("PATCH /v1/social-accounts/{id}");
  });

  test("is an operator's alone, and written down", async () => {
    const { socialAccountId } = await under.env.createTenant({
      platform: "linkedin",
      settings: { author: "urn:li:person:x" },
    });
    const path = `/social-accounts/${socialAccountId}/reconnect`;
    expect(await call("POST", path, undefined, viewer)).toMatchObject({ status: 403 });
    await link(socialAccountId);
    const { body } = await call<OperatorPage<object>>("GET", `/audit?socialAccountId=${socialAccountId}`);
    expect(body.data).toMatchObject([{ action: "account.reconnect", user: "operator", outcome: "done", status: 201 }]);
    expect((await call("POST", `/social-accounts/${crypto.randomUUID()}/reconnect`)).status).toBe(404);
    const { body: account } = await call<OperatorAccount>("GET", `/social-accounts/${socialAccountId}`);
    expect(account.logIn).toBe(true);
  });
});
