/** Who is logged in. The cookie is the browser's affair; the page only knows what the API says about it. */
import { createContext } from "preact";
import { useCallback, useContext, useEffect, useState } from "preact/hooks";
import type { Session } from "./api/answers.ts";
import { call, onLoggedOut, type Answer } from "./api/client.ts";

export type LogIn =
  | { kind: "asking" }
  | { kind: "out" }
  | { kind: "unreachable"; message: string }
  | { kind: "in"; session: Session };

export interface SessionKeeper {
  state: LogIn;
  logIn(user: string, password: string): Promise<Answer<Session>>;
  logOut(): Promise<void>;
}

const againAfterMs = 3_000;

export function useSession(): SessionKeeper {
  const [state, setState] = useState<LogIn>({ kind: "asking" });

  useEffect(() => onLoggedOut(() => setState({ kind: "out" })), []);
  useEffect(() => {
    if (state.kind !== "asking" && state.kind !== "unreachable") return;
    const ask = async () => {
      const answer = await call<Session>("GET", "/v1/session");
      if (answer.ok) setState({ kind: "in", session: answer.body });
      else if (answer.status === 401) setState({ kind: "out" });
      else setState({ kind: "unreachable", message: answer.message });
    };
    const timer = setTimeout(() => void ask(), state.kind === "asking" ? 0 : againAfterMs);
    return () => clearTimeout(timer);
  }, [state]);

  const logIn = useCallback(async (user: string, password: string) => {
    const answer = await call<Session>("POST", "/v1/session", { body: { user, password } });
    if (answer.ok) setState({ kind: "in", session: answer.body });
    return answer;
  }, []);
  const logOut = useCallback(async () => {
    const answer = await call("DELETE", "/v1/session");
    if (answer.ok) setState({ kind: "out" });
  }, []);
  return { state, logIn, logOut };
}

export const SessionContext = createContext<Session | null>(null);

/** Whether buttons that change something are shown: a viewer looks. The API decides for itself. */
export function useMayAct(): boolean {
  return useContext(SessionContext)?.role === "operator";
}
