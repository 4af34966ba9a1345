/** Social accounts as clients give and get them. What settings and credentials hold is each platform's own. */
import { Type, type Static } from "typebox";
import { AnyObject, Id, InstantOut, Nullable, orNull } from "../field-schemas.ts";
import { pageOf } from "../page.ts";
import { Issue } from "../problem.ts";

const fieldsMax = 20;

export const SocialAccountIn = Type.Object(
  {
    platform: Type.String({ minLength: 1, maxLength: 100 }),
    name: Type.String({ minLength: 1, maxLength: 200, description: "For people." }),
    clientId: Type.Optional(Id),
    settings: AnyObject({ maxProperties: fieldsMax, description: "What the platform asks for, see /v1/platforms." }),
    credentials: AnyObject({ maxProperties: fieldsMax, description: "Encrypted at once and never shown again." }),
    sandbox: Type.Optional(
      Type.Boolean({ description: "True: posts go to our sandbox instead of the real network. False if left out." }),
    ),
  },
  {
    title: "SocialAccountIn",
    additionalProperties: false,
    examples: [
      {
        platform: "webhook",
        name: "Company blog",
        settings: { url: "https://blog.example.com/publish" },
        credentials: { secret: "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD" },
      },
    ],
  },
);
export type SocialAccountIn = Static<typeof SocialAccountIn>;

/** A JSON Merge Patch; platform and sandbox are for life. */
export const SocialAccountPatch = Type.Object(
  {
    name: Type.Optional(SocialAccountIn.properties.name),
    clientId: Type.Optional(orNull(Id)),
    settings: Type.Optional(SocialAccountIn.properties.settings),
    credentials: Type.Optional(SocialAccountIn.properties.credentials),
  },
  { title: "SocialAccountPatch", additionalProperties: false, examples: [{ name: "Company blog, new" }] },
);
export type SocialAccountPatch = Static<typeof SocialAccountPatch>;

export const AccountCheckOut = Type.Object(
  {
    result: Type.Enum(["works", "refused", "cannot_tell"], {
      description: "cannot_tell: the platform did not say, or there is no way to ask that would publish nothing.",
    }),
    message: Nullable(Type.String({ description: "For people." }), { examples: [null] }),
    issues: Type.Array(Issue, {
      description: "Faults in settings and credentials that are known without asking.",
      examples: [[]],
    }),
  },
  { title: "AccountCheck" },
);

export const SocialAccountOut = Type.Object(
  {
    id: Id,
    platform: Type.String(),
    name: Type.String(),
    clientId: Nullable(Id),
    settings: AnyObject(),
    sandbox: Type.Boolean(),
    status: Type.Enum(["active", "needs_reconnect"]),
    paused: Type.Boolean({ description: "True: somebody holds its posts." }),
    createdAt: InstantOut("When it was connected."),
    updatedAt: InstantOut("When it was last changed."),
  },
  {
    $id: "SocialAccount",
    title: "SocialAccount",
    examples: [
      {
        id: "0199aa0d-2b10-7000-8000-91c6f2f3b702",
        platform: "webhook",
        name: "Company blog",
        clientId: null,
        settings: { url: "https://blog.example.com/publish" },
        sandbox: false,
        status: "active",
        paused: false,
        createdAt: "2026-11-20T10:00:00.000Z",
        updatedAt: "2026-11-20T10:00:00.000Z",
      },
    ],
  },
);
export type SocialAccountOut = Static<typeof SocialAccountOut>;

export const SocialAccountPage = pageOf(SocialAccountOut);
