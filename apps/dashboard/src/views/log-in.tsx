/** The log-in, in the place of whatever was asked for: once it worked, that is shown. */
import { useEffect, useRef, useState } from "preact/hooks";
import type { Session } from "../api/answers.ts";
import type { Answer } from "../api/client.ts";
import { fieldText } from "../parts/form-field.ts";
import { cameBack } from "../parts/reconnect-link.tsx";
import { here, navigate, routeOf } from "../routes.ts";

export interface LogInProps {
  logIn(user: string, password: string): Promise<Answer<Session>>;
}

export function LogInView({ logIn }: LogInProps) {
  const [refusal, setRefusal] = useState<string | null>(null);
  const [isAsking, setIsAsking] = useState(false);
  const password = useRef<HTMLInputElement>(null);

  useEffect(() => {
    document.title = "Log in · Punctual";
  }, []);

  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    if (isAsking) return;
    const fields = new FormData(event.currentTarget as HTMLFormElement);
    setIsAsking(true);
    setRefusal(null);
    const answer = await logIn(fieldText(fields, "user"), fieldText(fields, "password"));
    setIsAsking(false);
    if (answer.ok) {
      if (routeOf(location.pathname).view === "log-in") navigate("/", { replace: true });
      return;
    }
    setRefusal(answer.code === "wrong_password" ? "This user and password do not fit." : answer.message);
    password.current?.select();
  };

  return (
    <main class="log-in">
      <form onSubmit={(event) => void submit(event)}>
        <h1>Punctual</h1>
        <CameBack />
        <label>
          User
          <input name="user" autocomplete="username" autocapitalize="none" defaultValue="operator" required />
        </label>
        <label>
          Password
          <input ref={password} name="password" type="password" autocomplete="current-password" required />
        </label>
        <div role="alert">{refusal === null ? null : <p class="told bad">{refusal}</p>}</div>
        <button class="main" aria-disabled={isAsking}>
          {isAsking ? "Logging in …" : "Log in"}
        </button>
        <p class="hint">
          The user operator may act, viewer may look. Their passwords are the settings OPERATOR_PASSWORD and
          VIEWER_PASSWORD; npm start prints its own.
        </p>
      </form>
    </main>
  );
}

/** Whoever owns an account comes here from its reconnection, and has no business with the log-in below. */
function CameBack() {
  const { query } = here();
  const told = query.has("connection") ? cameBack[query.get("status") ?? ""] : undefined;
  if (told === undefined) return null;
  return (
    <p class={`told ${told.succeeded ? "good" : "bad"}`}>
      {told.message} You can close this page; what follows is for operators.
    </p>
  );
}
