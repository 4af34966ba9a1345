/** What operators did: one entry for each action, whatever came of it. */
import { Type, type Static } from "typebox";
import { AnyObject, Id, InstantOut, Nullable } from "../field-schemas.ts";
import { pageFields, pageOf } from "../page.ts";

export const AuditQuery = Type.Object(
  {
    user: Type.Optional(Type.String({ maxLength: 100 })),
    action: Type.Optional(Type.String({ maxLength: 100 })),
    postId: Type.Optional(Id),
    socialAccountId: Type.Optional(Id),
    ...pageFields,
  },
  { additionalProperties: false },
);

export const AuditEntry = Type.Object(
  {
    id: Id,
    at: InstantOut("When it was asked for."),
    user: Type.String({ description: "Who." }),
    via: Type.Enum(["password", "session"], { description: "How they were known." }),
    address: Type.String({ description: "From where: the address the request came from." }),
    requestId: Type.String(),
    action: Type.String({ description: "What, such as post.retry." }),
    postId: Nullable(Id),
    socialAccountId: Nullable(Id),
    companyId: Nullable(Id),
    detail: AnyObject({ description: "What was asked for; never texts or secrets." }),
    outcome: Nullable(Type.Enum(["done", "refused", "failed"]), {
      description: "Null: it runs, or its process died before it could tell.",
    }),
    status: Nullable(Type.Integer({ description: "The HTTP status it was answered with." })),
    code: Nullable(Type.String({ description: "Why it was refused." })),
  },
  { $id: "AuditEntry", title: "AuditEntry" },
);
export type AuditEntry = Static<typeof AuditEntry>;
export const AuditPage = pageOf(AuditEntry);
