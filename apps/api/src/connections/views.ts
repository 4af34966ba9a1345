/** What the pages say. Names come from people and platforms, so everything that is put in is escaped. */
import type { ConnectableAccount, ConnectQuestion } from "@punctual/core";
import type { ConnectionRecord } from "@punctual/db";
import { type Markup, markup } from "@punctual/runtime";

export interface Ask {
  connection: ConnectionRecord;
  platformName: string;
  questions: readonly ConnectQuestion[];
  proof: string;
  /** What was answered before, without what is secret. */
  answers: Readonly<Record<string, string>>;
  /** Why the user must answer again; `question` names the answer at fault. */
  fault?: { message: string; question?: string };
}

export function askView({ connection, platformName, questions, proof, answers, fault }: Ask): Markup {
  const { companyName, clientName, sandbox, socialAccount } = connection;
  const forWhom = clientName === null ? null : markup`, for its client <strong>${clientName}</strong>`;
  const heading =
    socialAccount === null
      ? markup`Connect your ${platformName} account to ${companyName}?`
      : markup`Reconnect ${socialAccount.name} to ${companyName}?`;
  const which =
    socialAccount === null
      ? markup`your ${platformName} account`
      : markup`the ${platformName} account <strong>${socialAccount.name}</strong> again`;
  return markup`<h1>${heading}</h1>
<p><strong>${companyName}</strong> asks to publish posts to ${which}${forWhom}.
Go on only if you know them. You can take the permission back at ${platformName} at any time.</p>
${socialAccount === null ? null : markup`<p>Log in as <strong>${socialAccount.name}</strong>: no other account will do.</p>`}
${sandbox ? markup`<p class="fault">A rehearsal: this connects an account of the sandbox, not a real one.</p>` : null}
${fault === undefined ? null : markup`<p class="fault" role="alert" id="fault">${fault.message}</p>`}
<form method="post">
<input type="hidden" name="proof" value="${proof}">
${questions.map((question) => field(question, answers[question.name] ?? question.value ?? "", fault?.question))}
<p class="actions"><button name="action" value="continue">Continue</button>
<button class="other" name="action" value="cancel" formnovalidate>Cancel</button></p>
</form>`;
}

function field({ name, label, secret, placeholder }: ConnectQuestion, value: string, atFault?: string): Markup {
  const id = `answer-${name}`;
  const wrong = atFault === name ? markup` aria-invalid="true" aria-describedby="fault"` : null;
  const type = secret ? "password" : "text";
  return markup`<label for="${id}">${label}</label>
<input id="${id}" type="${type}" name="answer.${name}" value="${secret ? "" : value}" placeholder="${placeholder ?? ""}"
 maxlength="500" required autocomplete="off" autocapitalize="none" spellcheck="false"${wrong}>`;
}

export function leavingView(platformName: string, url: string): Markup {
  return markup`<h1>On to ${platformName}</h1>
<p>You log in there, and come back here.</p>
<p class="actions"><a class="button" href="${url}" rel="noreferrer">Continue</a></p>`;
}

export function chooseView({
  connection: { companyName },
  platformName,
  accounts,
  proof,
  fault,
}: {
  connection: ConnectionRecord;
  platformName: string;
  accounts: readonly ConnectableAccount[];
  proof: string;
  fault?: string;
}): Markup {
  return markup`<h1>Which accounts may ${companyName} publish to?</h1>
${fault === undefined ? null : markup`<p class="fault" role="alert">${fault}</p>`}
<form method="post">
<input type="hidden" name="proof" value="${proof}">
<fieldset><legend>Your accounts at ${platformName}</legend>
${accounts.map(
  ({ name }, index) => markup`<label class="choice"><input type="checkbox" name="account" value="${index}"
${accounts.length === 1 ? markup` checked` : null}> <span>${name}</span></label>
`,
)}</fieldset>
<p class="actions"><button name="action" value="continue">Connect</button>
<button class="other" name="action" value="cancel" formnovalidate>Cancel</button></p>
</form>`;
}

/** The end of the way where there is something to read; otherwise the browser is sent back at once. */
export function endView(heading: string, message: string, back: { url: string } | null): Markup {
  return markup`<h1>${heading}</h1>
<p>${message}</p>
${
  back === null
    ? null
    : markup`<p class="actions"><a class="button" href="${back.url}" rel="noreferrer">Back to ${new URL(back.url).host}</a></p>`
}`;
}
