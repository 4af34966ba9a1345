/** Logging in to the pages. */
import { Type } from "typebox";
import { InstantOut } from "../field-schemas.ts";

export const SessionIn = Type.Object(
  {
    user: Type.String({ minLength: 1, maxLength: 100, description: "operator or viewer.", examples: ["operator"] }),
    password: Type.String({ minLength: 1, maxLength: 1_000, examples: ["correct horse battery"] }),
  },
  { additionalProperties: false },
);

export const SessionOut = Type.Object(
  {
    user: Type.String({ examples: ["operator"] }),
    role: Type.Enum(["operator", "viewer"], { description: "operator: may act; viewer: may look." }),
    expiresAt: InstantOut("When one must log in again."),
  },
  { $id: "Session", title: "Session" },
);
