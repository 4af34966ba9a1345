/** Connections as clients start and read them. */
import { Type, type Static } from "typebox";
import { Id, InstantOut, Nullable } from "../field-schemas.ts";

export const ConnectionIn = Type.Object(
  {
    platform: Type.String({ minLength: 1, maxLength: 100 }),
    clientId: Type.Optional(Id),
    returnUrl: Type.String({
      minLength: 1,
      maxLength: 2_048,
      description:
        "Where the browser goes in the end, with `connection` and `status` (connected, cancelled or failed) added to its query. Its origin must be one of the company's.",
    }),
    sandbox: Type.Optional(
      Type.Boolean({ description: "True: the log-in and the accounts are those of our sandbox. False if left out." }),
    ),
  },
  {
    additionalProperties: false,
    title: "NewConnection",
    examples: [{ platform: "mastodon", returnUrl: "https://app.example.com/accounts", sandbox: true }],
  },
);
export type ConnectionIn = Static<typeof ConnectionIn>;

export const ConnectionStarted = Type.Object(
  {
    id: Id,
    authorizeUrl: Type.String({
      description: "Our page, for the browser of whoever owns the account; it works in one browser only.",
      examples: ["https://punctual.example.com/connect/T0k3nT0k3nT0k3nT0k3nT0k3nT0k3nT0k3nT0k3nT0k"],
    }),
    expiresAt: InstantOut("Until when it must be done."),
  },
  { $id: "ConnectionStarted", title: "ConnectionStarted" },
);

export const ConnectionOut = Type.Object(
  {
    id: Id,
    platform: Type.String({ examples: ["mastodon"] }),
    clientId: Nullable(Id),
    sandbox: Type.Boolean(),
    status: Type.Enum(["pending", "connected", "cancelled", "failed", "expired"]),
    message: Nullable(Type.String({ examples: ["There is no account that could be published to."] }), {
      description: "Why it failed, for people.",
    }),
    socialAccountIds: Type.Array(Id, { description: "The accounts that were created or reconnected." }),
    createdAt: InstantOut("When it was started."),
    expiresAt: InstantOut("Until when it must be done."),
  },
  { $id: "Connection", title: "Connection" },
);
export type ConnectionOut = Static<typeof ConnectionOut>;
