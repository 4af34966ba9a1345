/** Social accounts of all companies: which are closed, and opening them again. */
import { useEffect } from "preact/hooks";
import type { Account, AccountCheck, Page } from "../api/answers.ts";
import { withQuery, type Answer } from "../api/client.ts";
import { useResource } from "../api/resource.ts";
import { change, pauseQuestion, reconnectQuestion, resumeQuestion, upTo } from "../parts/account-questions.tsx";
import { CompanyField, PlatformField } from "../parts/filter-fields.tsx";
import { FilterForm } from "../parts/filter-form.tsx";
import { Link } from "../parts/link.tsx";
import { useOutcome, type Outcome } from "../parts/outcome.tsx";
import { Paging } from "../parts/paging.tsx";
import { cameBack } from "../parts/reconnect-link.tsx";
import { Empty, Shown } from "../parts/shown.tsx";
import { Sign } from "../parts/sign.tsx";
import { Table, type Column } from "../parts/table.tsx";
import { navigate, type Place } from "../routes.ts";
import { useMayAct } from "../session.ts";
import { counted } from "../wording.ts";

const readEveryMs = 15_000;
const states = [
  { value: "open", title: "open" },
  { value: "paused", title: "paused" },
  { value: "needs_reconnect", title: "must be reconnected" },
];

export function AccountsView({ place, platforms }: { place: Place; platforms: readonly string[] }) {
  const { query } = place;
  // From the way back of a reconnection; told once, and no part of what is looked for.
  const { connection, status: came, ...wanted } = Object.fromEntries(query);
  const path = withQuery("/v1/operator/social-accounts", wanted);
  const accounts = useResource<Page<Account>>(path, { everyMs: readEveryMs });
  const outcome = useOutcome(() => void accounts.read());
  useEffect(() => {
    if (connection === undefined) return;
    const told = cameBack[came ?? ""];
    if (told !== undefined) outcome.tell(told.message, told.succeeded);
    navigate(withQuery("/accounts", wanted), { replace: true });
  }, [connection]);
  const mayAct = useMayAct();
  const columns: readonly Column<Account>[] = mayAct ? [...facts, actionsColumn(outcome)] : facts;
  return (
    <>
      <h1 tabIndex={-1}>Accounts</h1>
      <FilterForm label="Find accounts" place={place}>
        <label class="wide">
          Name or id
          <input type="search" name="q" defaultValue={query.get("q") ?? ""} />
        </label>
        <PlatformField query={query} platforms={platforms} />
        <CompanyField query={query} />
        <label>
          State
          <select name="state">
            <option value="">any</option>
            {states.map(({ value, title }) => (
              <option key={value} value={value} selected={query.get("state") === value}>
                {title}
              </option>
            ))}
          </select>
        </label>
      </FilterForm>
      {outcome.shown}
      <Shown resource={accounts}>
        {({ data, nextCursor }) => (
          <>
            {data.length === 0 ? (
              <Empty>{query.size === 0 ? "There are no accounts yet." : "No account fits."}</Empty>
            ) : (
              <Table caption="Accounts, newest first" columns={columns} rows={data} keyOf={({ id }) => id} />
            )}
            <Paging place={place} nextCursor={nextCursor} />
          </>
        )}
      </Shown>
      <p class="note">
        An account that must be reconnected needs new credentials: by the log-in at its platform (Reconnect), or, where
        there is none, from its company by PATCH /v1/social-accounts/&#123;id&#125;. Its held posts are released by
        that.
      </p>
    </>
  );
}

const facts: readonly Column<Account>[] = [
  {
    title: "Account",
    heading: true,
    cell: ({ id, name, sandbox }) => (
      <>
        <Link href={withQuery("/posts", { socialAccountId: id })}>{name}</Link>{" "}
        <span class="note">{sandbox ? "sandbox" : ""}</span>
      </>
    ),
  },
  { title: "Platform", cell: ({ platform }) => platform },
  {
    title: "Company",
    cell: ({ company, client }) => (
      <>
        {company.name} <span class="note">{client?.name}</span>
      </>
    ),
  },
  { title: "State", cell: (account) => <AccountState account={account} /> },
  { title: "Waiting", numeric: true, cell: ({ waitingPosts }) => upTo(waitingPosts) },
  { title: "Held", numeric: true, cell: ({ heldPosts }) => upTo(heldPosts) },
];

function AccountState({ account: { status, paused } }: { account: Account }) {
  if (status === "needs_reconnect") return <Sign tone="bad">must be reconnected{paused ? ", paused" : ""}</Sign>;
  return paused ? <Sign tone="warn">paused</Sign> : <Sign tone="good">open</Sign>;
}

function actionsColumn(outcome: Outcome): Column<Account> {
  return {
    title: "Actions",
    cell: (account) => (
      <span class="buttons">
        {account.paused ? (
          <button aria-label={`Resume ${account.name}`} onClick={() => outcome.ask(resumeQuestion(account))}>
            Resume
          </button>
        ) : (
          <button aria-label={`Pause ${account.name}`} onClick={() => outcome.ask(pauseQuestion(account))}>
            Pause
          </button>
        )}
        <button aria-label={`Check ${account.name}`} onClick={() => void check(account, outcome)}>
          Check
        </button>
        {account.logIn ? (
          <button aria-label={`Reconnect ${account.name}`} onClick={() => outcome.ask(reconnectQuestion(account))}>
            Reconnect
          </button>
        ) : account.status === "needs_reconnect" ? (
          <span class="note">its company must send new credentials</span>
        ) : null}
      </span>
    ),
  };
}

/** Asks the platform, changes nothing here: no question needed. */
async function check({ id, name }: Account, outcome: Outcome): Promise<void> {
  outcome.tell(`Asking the platform about ${name} …`, true);
  const answer: Answer<AccountCheck> = await change(id, "check");
  if (!answer.ok) return outcome.tell(`${name} could not be checked. ${answer.message}`, false);
  const { result, message, issues } = answer.body;
  const faults = issues.map(({ message: fault }) => fault);
  const words = { works: "works", refused: "does not work", cannot_tell: "cannot be checked" }[result];
  const more = [message, ...faults].filter((part) => part !== null).join(" ");
  const found = issues.length > 0 ? `, and has ${counted(issues.length, "fault")}` : "";
  outcome.tell(`${name} ${words}${found}. ${more}`, result !== "refused" && issues.length === 0);
}
