/** Clients, an agency's customers, as API clients give and get them. */
import { Type, type Static } from "typebox";
import { Id, InstantOut } from "../field-schemas.ts";
import { pageFields, pageOf } from "../page.ts";
import { SocialAccountOut } from "../social-accounts/schemas.ts";

const strict = { additionalProperties: false };
const Name = Type.String({ minLength: 1, maxLength: 200, description: "For people.", examples: ["Blue Bakery"] });
const include = Type.Optional(Type.Enum(["socialAccounts"], { description: "Adds each client's accounts." }));

export const ClientIn = Type.Object({ name: Name }, { ...strict, title: "ClientIn" });
export const ClientPatch = Type.Object({ name: Type.Optional(Name) }, { ...strict, title: "ClientPatch" });

export const ClientQuery = Type.Object({ include }, strict);
export const ClientListQuery = Type.Object({ ...pageFields, include }, strict);
export type ClientQuery = Static<typeof ClientQuery>;

export const ClientOut = Type.Object(
  {
    id: Id,
    name: Type.String({ examples: ["Blue Bakery"] }),
    createdAt: InstantOut("When the client was created."),
    updatedAt: InstantOut("When the client was last changed."),
    socialAccounts: Type.Optional(
      Type.Array(SocialAccountOut, { description: "Its accounts, newest first; only if asked for by `include`." }),
    ),
  },
  { $id: "Client", title: "Client" },
);
export type ClientOut = Static<typeof ClientOut>;

export const ClientPage = pageOf(ClientOut);
