/** Social accounts of all companies as operators find them. */
import { Type, type Static } from "typebox";
import { Id, InstantOut, Nullable } from "../field-schemas.ts";
import { pageFields, pageOf } from "../page.ts";

export const OperatorAccountQuery = Type.Object(
  {
    q: Type.Optional(
      Type.String({ minLength: 1, maxLength: 200, description: "An id, or part of a name.", examples: ["109501"] }),
    ),
    companyId: Type.Optional(Id),
    clientId: Type.Optional(Id),
    platform: Type.Optional(Type.String({ maxLength: 100, examples: ["webhook"] })),
    state: Type.Optional(Type.Enum(["open", "paused", "needs_reconnect"], { description: "open: it may publish." })),
    ...pageFields,
  },
  { additionalProperties: false },
);

const Named = Type.Object({ id: Id, name: Type.String({ examples: ["Bright Agency"] }) });

export const OperatorAccount = Type.Object(
  {
    id: Id,
    name: Type.String({ examples: ["Bright Agency"] }),
    platform: Type.String({ examples: ["webhook"] }),
    company: Named,
    client: Nullable(Named),
    sandbox: Type.Boolean(),
    status: Type.Enum(["active", "needs_reconnect"]),
    paused: Type.Boolean(),
    logIn: Type.Boolean({ description: "Whether it can be reconnected through its platform's log-in." }),
    waitingPosts: Type.Integer({ description: "Scheduled or retrying; counted up to 1,000." }),
    heldPosts: Type.Integer({ description: "Held; counted up to 1,000." }),
    createdAt: InstantOut("When the account was connected."),
    updatedAt: InstantOut("When the account was last changed."),
  },
  { title: "OperatorAccount" },
);
export type OperatorAccount = Static<typeof OperatorAccount>;
export const OperatorAccountPage = pageOf(OperatorAccount);
