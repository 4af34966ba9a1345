/** The link by which an account is reconnected, to be opened here or handed on. */
import { useState } from "preact/hooks";
import type { Reconnection } from "../api/answers.ts";
import { When } from "./instant.tsx";

export function ReconnectLink({ name, link: { authorizeUrl, expiresAt } }: { name: string; link: Reconnection }) {
  const [isCopied, setIsCopied] = useState(false);
  // Browsers have no clipboard for pages without TLS; the field can be copied from by hand.
  const mayCopy = navigator.clipboard !== undefined;
  const copy = () => void navigator.clipboard.writeText(authorizeUrl).then(() => setIsCopied(true));
  return (
    <div class="link-to-hand-on">
      <p>
        Here is the link to reconnect {name}, good until <When at={expiresAt} />, for one browser:
      </p>
      <input readonly aria-label="The link" value={authorizeUrl} onFocus={(event) => event.currentTarget.select()} />
      <p class="buttons">
        <a href={authorizeUrl} rel="noreferrer">
          Open it here
        </a>
        {mayCopy ? <button onClick={copy}>{isCopied ? "Copied" : "Copy it"}</button> : null}
      </p>
    </div>
  );
}

/** What came of a reconnection, as its way back says; anybody can type that, so the table tells how the account stands. */
export const cameBack: Readonly<Record<string, { message: string; succeeded: boolean }>> = {
  connected: { message: "The log-in worked, and the account is reconnected.", succeeded: true },
  cancelled: { message: "The reconnection was cancelled. Nothing was changed.", succeeded: false },
  failed: { message: "The account was not reconnected. Nothing was changed.", succeeded: false },
};
