/** What operators did: one entry for each action, whatever came of it. */
import { Type, type Static } from "typebox";
import { AnyObject, Id, InstantOut, Nullable } from "../field-schemas.ts";
import { pageFields, pageOf } from "../page.ts";

export const AuditQuery = Type.Object(
  {
    user: Type.Optional(Type.String({ maxLength: 100, examples: ["operator"] })),
    action: Type.Optional(Type.String({ maxLength: 100, examples: ["post.retry"] })),
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
    user: Type.String({ description: "Who.", examples: ["operator"] }),
    via: Type.Enum(["password", "session"], { description: "How they were known." }),
    address: Type.String({ description: "From where: the address the request came from.", examples: ["203.0.113.9"] }),
    requestId: Type.String({ examples: ["0199aa0e-7c1e-7000-8000-1f6c9f0a1b2c"] }),
    action: Type.String({ description: "What, such as post.retry.", examples: ["post.retry"] }),
    postId: Nullable(Id),
    socialAccountId: Nullable(Id),
    companyId: Nullable(Id),
    detail: AnyObject({ description: "What was asked for; never texts or secrets." }),
    outcome: Nullable(Type.Enum(["done", "refused", "failed"]), {
      description: "Null: it runs, or its process died before it could tell.",
    }),
    status: Nullable(Type.Integer({ description: "The HTTP status it was answered with." })),
    code: Nullable(Type.String({ description: "Why it was refused.", examples: ["too_late"] })),
  },
  { title: "AuditEntry" },
);
export type AuditEntry = Static<typeof AuditEntry>;
export const AuditPage = pageOf(AuditEntry);
