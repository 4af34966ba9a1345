/** Media to publish in rehearsals, at an address the stand-ins can fetch it from. */
import { readFileSync } from "node:fs";
import type { SandboxApp } from "../app.ts";

export const samplePicturePath = "/_samples/picture.jpg";

export function sampleRoutes(app: SandboxApp): void {
  const picture = readFileSync(new URL("picture.jpg", import.meta.url));
  app.get(samplePicturePath, (_request, reply) =>
    reply.headers({ "content-type": "image/jpeg", "x-content-type-options": "nosniff" }).send(picture),
  );
}
