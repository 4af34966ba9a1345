import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { openConnections, returnUrl, type ConnectionsUnderTest } from "./connections.fixture.ts";
import { proofIn, redirectOf, refreshIn, type Seen, type Walker } from "./walker.fixture.ts";

let under: ConnectionsUnderTest;

beforeAll(async () => {
  under = await openConnections();
});
afterAll(() => under.close());
beforeEach(async () => {
  for (const path of ["/_control/faults", "/_control/tokens", "/_control/clock"]) await under.control("DELETE", path);
});

const backWith = (id: string, status: string) => `${returnUrl}&connection=${id}&status=${status}`;

describe("the whole way", () => {
  test.each([
    ["facebook", ["Shop of alex", "Club of alex"], ["1"], ["Club of alex"]],
    ["linkedin", ["alex", "Company of alex", "Side project of alex"], ["0", "2"], ["alex", "Side project of alex"]],
    ["instagram", ["@alex"], undefined, ["@alex"]],
    ["mastodon", ["@alex@sandbox"], undefined, ["@alex@sandbox"]],
  ])("%s: log in, choose, and be sent back", async (platform, offered, choose, connected) => {
    const company = await under.company();
    const walker = under.walker();
    const started = await under.start(company, { platform });
    if (choose !== undefined) {
      const choice = await under.walk(walker, started, "alex");
      for (const name of offered) expect(choice.text).toContain(name);
      expect(choice.url).toBe(`${under.url}/connect/${started.id}/accounts`);
      expect(await under.accountsOf(company)).toEqual([]);
    }
    const again = choose === undefined ? started : await under.start(company, { platform });
    const end = await under.walk(walker, again, "alex", choose);
    expect(end.url).toBe(backWith(again.id, "connected"));

    const accounts = await under.accountsOf(company);
    expect(accounts.map(({ name }) => name)).toEqual(connected);
    for (const account of accounts) {
      expect(account).toMatchObject({ platform, sandbox: true, status: "active", clientId: null });
      const check = await under.api.call(company.key, "POST", `/v1/social-accounts/${account.id}/check`);
      expect(check.body).toMatchObject({ result: "works" });
    }
    expect(await under.connectionOf(company, again.id)).toMatchObject({
      status: "connected",
      socialAccountIds: accounts.map(({ id }) => id),
    });
  });

  test("bluesky: an app password on our own page", async () => {
    const company = await under.company();
    const walker = under.walker();
    const started = await under.start(company, { platform: "bluesky" });
    const asked = await walker.go(started.authorizeUrl);
    expect(asked.text).toMatch(/type="password" name="answer.appPassword" value=""/);
    const form = { proof: proofIn(asked), action: "continue", "answer.identifier": "@Alex.Example" };
    const revoked = { platform: "bluesky", handle: "alex.example" };
    await under.control("POST", "/_control/tokens/revoke", revoked);
    const again = await walker.go(started.authorizeUrl, { ...form, "answer.appPassword": "old-secret" });
    expect([again.status, again.text]).toEqual([422, expect.stringContaining("does not take this handle")]);
    expect(again.text).toContain('value="@Alex.Example"');
    expect(again.text).not.toContain("old-secret");
    const end = await walker.go(started.authorizeUrl, { ...form, "answer.appPassword": "sandbox.alex.example.2" });
    expect(end.url).toBe(backWith(started.id, "connected"));
    const [account] = await under.accountsOf(company);
    expect(account).toMatchObject({ platform: "bluesky", name: "@alex.example", settings: {}, status: "active" });
    const check = await under.api.call(company.key, "POST", `/v1/social-accounts/${account?.id ?? ""}/check`);
    expect(check.body).toMatchObject({ result: "works" });
  });

  test("an account the company has is reconnected, and only for the same client", async () => {
    const company = await under.company();
    const walker = under.walker();
    const walk = async (clientId?: string) => {
      const more = { platform: "instagram", ...(clientId === undefined ? {} : { clientId }) };
      return under.walk(walker, await under.start(company, more), "sam");
    };
    await walk();
    const [first] = await under.accountsOf(company);
    await under.env.sql("UPDATE social_accounts SET status = 'needs_reconnect' WHERE id = $1", [first?.id]);
    await walk();
    await walk(company.clientId);
    const accounts = await under.accountsOf(company);
    expect(accounts).toMatchObject([
      { id: first?.id, status: "active", clientId: null },
      { status: "active", clientId: company.clientId },
    ]);
    const [row] = await under.env.sql<{ version: number }>(
      "SELECT credentials_version AS version FROM social_accounts WHERE id = $1",
      [first?.id],
    );
    expect(row?.version).toBe(2);
    const events = await under.env.sql(
      "SELECT 1 FROM events WHERE social_account_id = $1 AND type = 'account.reconnected'",
      [first?.id],
    );
    expect(events).toHaveLength(1);
  });
});

describe("somebody who changes their mind", () => {
  test("is sent back from our page, from the platform's and from the choice", async () => {
    const company = await under.company();
    const cancel = { action: "cancel" };
    const ours = await under.start(company, { platform: "linkedin" });
    const first = under.walker();
    const asked = await first.go(ours.authorizeUrl);
    const fromOurs = await first.go(ours.authorizeUrl, { proof: proofIn(asked), ...cancel });
    expect(fromOurs.url).toBe(backWith(ours.id, "cancelled"));
    expect((await first.go(ours.authorizeUrl)).status).toBe(410);

    const theirs = await under.start(company, { platform: "facebook" });
    const second = under.walker();
    const dialog = await under.toLogIn(second, theirs);
    const fromTheirs = await second.go(dialog.url, { decision: "deny" });
    expect(fromTheirs.url).toBe(backWith(theirs.id, "cancelled"));

    const late = await under.start(company, { platform: "facebook" });
    const choice = await under.walk(second, late, "alex");
    const fromChoice = await second.go(choice.url, { proof: proofIn(choice), ...cancel });
    expect(fromChoice.url).toBe(backWith(late.id, "cancelled"));

    for (const { id } of [ours, theirs, late]) {
      expect(await under.connectionOf(company, id)).toMatchObject({ status: "cancelled", socialAccountIds: [] });
    }
    expect(await under.accountsOf(company)).toEqual([]);
  });
});

describe("what nobody may do", () => {
  test("a state comes back once, in the browser it was given to, to the platform it was for", async () => {
    const company = await under.company();
    const started = await under.start(company, { platform: "instagram" });
    const victim = under.walker();
    const dialog = await under.toLogIn(victim, started);
    const callback = await redirectOf(dialog.url, { handle: "alex" });

    const thief = under.walker();
    expect((await thief.go(callback)).status).toBe(403);
    const other = await under.start(company, { platform: "instagram" });
    await thief.go(other.authorizeUrl);
    expect((await thief.go(callback)).status).toBe(403);
    expect((await victim.go(callback.replace("/instagram/", "/facebook/"))).status).toBe(403);
    expect((await victim.go(callback.replace(/state=./, "state=_"))).status).toBe(403);
    expect((await victim.go(callback)).url).toBe(backWith(started.id, "connected"));
    const replayed = await victim.go(callback);
    expect([replayed.status, replayed.text]).toEqual([403, expect.stringContaining("cannot be gone on with")]);
    expect(await under.accountsOf(company)).toHaveLength(1);
  });

  test("a link belongs to the browser that went on with it", async () => {
    const company = await under.company();
    const started = await under.start(company, { platform: "facebook" });
    // Looking does not take it: previews of links do that.
    expect((await under.walker().go(started.authorizeUrl)).status).toBe(200);
    const owner = under.walker();
    const choice = await under.walk(owner, started, "alex");

    const stranger = under.walker();
    expect((await stranger.go(started.authorizeUrl)).status).toBe(409);
    expect((await stranger.go(choice.url)).status).toBe(404);
    const form = { proof: proofIn(choice), action: "continue", account: "0" };
    expect((await stranger.go(choice.url, form)).status).toBe(404);
    expect((await stranger.go(started.authorizeUrl, form)).status).toBe(403);
    expect((await owner.go(choice.url, { ...form, proof: "forged" })).status).toBe(403);
    expect((await owner.go(choice.url, { ...form, account: "7" })).text).toContain("Choose at least one");
    expect(await under.accountsOf(company)).toEqual([]);
    expect((await owner.go(choice.url, form)).url).toBe(backWith(started.id, "connected"));
    expect((await owner.go(choice.url, form)).status).toBe(410);
    expect(await under.accountsOf(company)).toHaveLength(1);
  });

  test("of two at once, be it browsers that go on or a state that comes back, one gets on", async () => {
    const company = await under.company();
    for (let round = 0; round < 5; round += 1) {
      const started = await under.start(company, { platform: "instagram" });
      const both = [under.walker(), under.walker()];
      const asked = await Promise.all(both.map((walker) => walker.go(started.authorizeUrl)));
      const left = await Promise.all(
        both.map((walker, index) => {
          const proof = proofIn(asked[index] as Seen);
          return walker.go(started.authorizeUrl, { proof, action: "continue" });
        }),
      );
      // Whoever is second learns it before or after trying.
      const outcome = (status: number) => (status === 409 || status === 410 ? "late" : String(status));
      expect(left.map(({ status }) => outcome(status)).toSorted()).toEqual(["200", "late"]);
      const winner = left.findIndex(({ status }) => status === 200);
      const callback = await redirectOf(refreshIn(left[winner] as Seen), { handle: "alex" });
      const back = await Promise.all([callback, callback].map((url) => (both[winner] as Walker).go(url)));
      expect(back.map(({ status }) => String(status)).toSorted()).toEqual(["0", "403"]);
      expect(await under.connectionOf(company, started.id)).toMatchObject({ status: "connected" });
    }
    expect(await under.accountsOf(company)).toHaveLength(1);
  });

  test("a form another site sends is refused, whatever cookies come along", async () => {
    const started = await under.start(await under.company(), { platform: "linkedin" });
    const walker = under.walker();
    const asked = await walker.go(started.authorizeUrl);
    const cookie = [...walker.cookies()].map(([name, value]) => `${name}=${value}`).join("; ");
    const answer = await fetch(started.authorizeUrl, {
      method: "POST",
      headers: { cookie, "sec-fetch-site": "cross-site", "content-type": "application/x-www-form-urlencoded" },
      body: new URLSearchParams({ proof: proofIn(asked), action: "continue" }).toString(),
    });
    expect(answer.status).toBe(403);
  });

  test("after ten minutes nothing can be gone on with, wherever it had got to", async () => {
    const company = await under.company();
    const started = await under.start(company, { platform: "instagram" });
    const walker = under.walker();
    const dialog = await under.toLogIn(walker, started);
    const callback = await redirectOf(dialog.url, { handle: "alex" });
    const choosing = await under.start(company, { platform: "facebook" });
    const choice = await under.walk(walker, choosing, "alex");
    await under.env.advanceClock(600_000);
    expect((await walker.go(callback)).status).toBe(403);
    expect((await walker.go(started.authorizeUrl)).status).toBe(410);
    const form = { proof: proofIn(choice), action: "continue", account: "0" };
    expect((await walker.go(choice.url, form)).status).toBe(410);
    expect(await under.connectionOf(company, started.id)).toMatchObject({ status: "expired" });
    expect(await under.accountsOf(company)).toEqual([]);
  });

  test("a code that expired, or that the platform does not take, ends it with a reason and a way back", async () => {
    const company = await under.company();
    const expired = await under.start(company, { platform: "facebook" });
    const walker = under.walker();
    const dialog = await under.toLogIn(walker, expired);
    const callback = await redirectOf(dialog.url, { handle: "alex" });
    await under.control("POST", "/_control/clock", { advanceMs: 700_000 });
    const page = await walker.go(callback);
    expect(page.status).toBe(422);
    expect(page.text).toContain(backWith(expired.id, "failed").replaceAll("&", "&amp;"));
    expect(await under.connectionOf(company, expired.id)).toMatchObject({
      status: "failed",
      message: expect.any(String) as string,
    });
    expect(await under.accountsOf(company)).toEqual([]);
  });

  test("another company neither sees a connection nor gets its accounts", async () => {
    const [ours, theirs] = [await under.company(), await under.company()];
    const started = await under.start(ours, { platform: "instagram" });
    await under.start(theirs, { platform: "instagram" });
    const walker = under.walker();
    await under.walk(walker, started, "alex");
    expect((await under.api.call(theirs.key, "GET", `/v1/connections/${started.id}`)).status).toBe(404);
    expect(await under.accountsOf(theirs)).toEqual([]);
    expect(await under.accountsOf(ours)).toHaveLength(1);
  });
});

describe("the pages", () => {
  test("the page names the company, escapes it, runs nothing and tells no one where it was", async () => {
    const company = await under.company();
    await under.env.sql("UPDATE companies SET name = $1 WHERE id = $2", ["<b>Acme & Söhne</b>", company.companyId]);
    const started = await under.start(company, { platform: "linkedin", clientId: company.clientId });
    const seen = await under.walker().go(started.authorizeUrl);
    expect(seen.text).toContain("&lt;b&gt;Acme &amp; Söhne&lt;/b&gt;");
    expect(seen.text).not.toContain("<b>");
    expect(seen.text).not.toContain("<script");
    const policy = seen.headers.get("content-security-policy") ?? "";
    expect(policy).toMatch(
      /^default-src 'none'; style-src 'nonce-[^']+'; form-action 'self' https:\/\/app\.example\.com;/,
    );
    expect(seen.headers.get("referrer-policy")).toBe("no-referrer");
    expect(seen.headers.get("cache-control")).toBe("no-store");
    expect(seen.headers.get("set-cookie")).toMatch(/; Path=\/connect; Max-Age=\d+; HttpOnly; SameSite=Lax$/);
  });

  test("what cannot be read, and what goes wrong on our side, is a page as well", async () => {
    const started = await under.start(await under.company(), { platform: "linkedin" });
    const walker = under.walker();
    const asked = await walker.go(started.authorizeUrl);
    const headers = { "content-type": "application/json" };
    const unreadable = await fetch(started.authorizeUrl, { method: "POST", headers, body: "{}" });
    expect([unreadable.status, unreadable.headers.get("content-type")]).toEqual([415, "text/html; charset=utf-8"]);
    await under.env.sql("ALTER TABLE connections RENAME TO lost");
    const broken = await walker.go(started.authorizeUrl, { proof: proofIn(asked), action: "continue" });
    await under.env.sql("ALTER TABLE lost RENAME TO connections");
    expect([broken.status, broken.text]).toEqual([500, expect.stringContaining("Something went wrong")]);
    expect(broken.text).not.toContain("relation");
  });

  test("going on is tried a few times, not for ever", async () => {
    const started = await under.start(await under.company(), { platform: "linkedin" });
    const walker = under.walker();
    const asked = await walker.go(started.authorizeUrl);
    const form = { proof: proofIn(asked), action: "continue" };
    const statuses = [];
    for (let go = 0; go < 11; go += 1) statuses.push((await walker.go(started.authorizeUrl, form)).status);
    expect(statuses).toEqual([...Array.from({ length: 10 }, () => 200), 410]);
  });
});
