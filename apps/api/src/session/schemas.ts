/** Logging in to the pages. */
import { Type } from "typebox";
import { InstantOut, Nullable } from "../field-schemas.ts";

export const SessionIn = Type.Object(
  {
    user: Type.String({ minLength: 1, maxLength: 100, description: "operator or viewer.", examples: ["operator"] }),
    password: Type.String({ minLength: 1, maxLength: 1_000, examples: ["correct horse battery"] }),
  },
  { additionalProperties: false, title: "SessionIn" },
);

export const SessionOut = Type.Object(
  {
    user: Type.String({ examples: ["operator"] }),
    role: Type.Enum(["operator", "viewer"], { description: "operator: may act; viewer: may look." }),
    expiresAt: Nullable(InstantOut("When one must log in again."), {
      description: "Null: it is no session but HTTP Basic.",
    }),
  },
  { title: "Session" },
);
