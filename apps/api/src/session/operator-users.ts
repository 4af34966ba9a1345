/** The users who run the installation, and their passwords, which come from the environment. */
import { createHash, timingSafeEqual } from "node:crypto";

/** operator: may act; viewer: may look. */
export type OperatorRole = "operator" | "viewer";

export interface OperatorUsers {
  /** Null if there is no such user, or the password is another. */
  identify(user: string, password: string): OperatorRole | null;
  /** Null if there is no such user. */
  passwordOf(user: string): { role: OperatorRole; password: string } | null;
}

export function createOperatorUsers(passwords: {
  operatorPassword: string;
  /** Without it there is no viewer. */
  viewerPassword: string | undefined;
}): OperatorUsers {
  const users = new Map<string, { role: OperatorRole; password: string }>();
  users.set("operator", { role: "operator", password: passwords.operatorPassword });
  if (passwords.viewerPassword !== undefined) {
    users.set("viewer", { role: "viewer", password: passwords.viewerPassword });
  }
  return {
    identify(name, password) {
      const user = users.get(name);
      // Unknown users cost the same: comparing happens either way, and digests have one length.
      const matches = timingSafeEqual(digest(password), digest(user?.password ?? ""));
      return user !== undefined && matches ? user.role : null;
    },
    passwordOf: (name) => users.get(name) ?? null,
  };
}

function digest(password: string): Buffer {
  return createHash("sha256").update(password).digest();
}
