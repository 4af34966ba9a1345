/** Companies and their API keys as operators give and get them. */
import { apiKeyScopes } from "@punctual/db";
import { Type, type Static } from "typebox";
import { Id, InstantIn, InstantOut, Nullable } from "../field-schemas.ts";
import { pageOf } from "../page.ts";

const strict = { additionalProperties: false };
const Name = Type.String({ minLength: 1, maxLength: 200, description: "For people.", examples: ["Bright Agency"] });
const Scope = Type.Enum([...apiKeyScopes], {
  description: "read: look; write: also posts; admin: also accounts, clients and endpoints.",
});

export const CompanyIn = Type.Object({ name: Name }, { ...strict, title: "CompanyIn" });

const originsMax = 50;

/** A JSON Merge Patch. */
export const CompanyPatch = Type.Object(
  {
    name: Type.Optional(Name),
    returnOrigins: Type.Optional(
      Type.Array(Type.String({ minLength: 1, maxLength: 300, examples: ["https://app.example.com"] }), {
        maxItems: originsMax,
        uniqueItems: true,
        description:
          "Where browsers may be sent back to after connecting an account: all origins of the company's applications, such as https://app.example.com.",
      }),
    ),
  },
  { ...strict, title: "CompanyPatch", examples: [{ returnOrigins: ["https://app.example.com"] }] },
);

export const CompanyOut = Type.Object(
  {
    id: Id,
    name: Type.String({ examples: ["Bright Agency"] }),
    returnOrigins: Type.Array(Type.String({ examples: ["https://app.example.com"] }), {
      description: "Where browsers may be sent back to after connecting an account.",
    }),
    createdAt: InstantOut("When the company was created."),
  },
  { $id: "Company", title: "Company" },
);
export type CompanyOut = Static<typeof CompanyOut>;
export const CompanyPage = pageOf(CompanyOut);

export const ApiKeyIn = Type.Object(
  {
    name: Name,
    scope: Scope,
    expiresAt: Type.Optional(InstantIn("From when on the key is refused; left out: never.")),
  },
  { ...strict, title: "ApiKeyIn", examples: [{ name: "Publishing desk", scope: "write" }] },
);

const apiKeyFields = {
  id: Id,
  name: Type.String({ examples: ["Publishing desk"] }),
  scope: Scope,
  prefix: Type.String({
    description: "The first characters of the key, to tell keys apart.",
    examples: ["pk_3fJq"],
  }),
  createdAt: InstantOut("When the key was made."),
  expiresAt: Nullable(InstantOut("From when on the key is refused."), { description: "Null: never." }),
  revokedAt: Nullable(InstantOut("When the key was revoked."), { description: "Null: it was not.", examples: [null] }),
  lastUsedAt: Nullable(InstantOut("When the key last came with a request, to about a minute."), {
    description: "Null: never.",
  }),
};

export const ApiKeyOut = Type.Object(apiKeyFields, { $id: "ApiKey", title: "ApiKey" });
export type ApiKeyOut = Static<typeof ApiKeyOut>;
export const ApiKeyPage = pageOf(ApiKeyOut);

export const ApiKeyIssued = Type.Object(
  {
    ...apiKeyFields,
    key: Type.String({
      description: "The key itself; shown here and never again.",
      examples: ["pk_3fJqV0cN8rXyT1uKwZb5mHs7dLgPaQe2iRoW4tYvBnM"],
    }),
  },
  { $id: "ApiKeyIssued", title: "ApiKeyIssued" },
);

export const ApiKeyParams = Type.Object({ id: Id, keyId: Id }, strict);
