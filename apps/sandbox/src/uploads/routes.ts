/** Serving what was uploaded, to the feed's pages and to whoever was given the address. */
import { Type } from "typebox";
import type { SandboxApp } from "../app.ts";
import { type Uploads, uploadsPath } from "./uploads.ts";

const params = Type.Object({ name: Type.String({ pattern: "^[0-9a-f]{24}\\.[a-z0-9]{3,4}$" }) });

export function uploadRoutes(app: SandboxApp, { uploads }: { uploads: Uploads }): void {
  app.get(`${uploadsPath}:name`, { schema: { params } }, (request, reply) => {
    const upload = uploads.get(request.params.name);
    if (upload === undefined) {
      return reply.code(404).send({ error: "not_found", message: "It was never uploaded, or gave way to newer ones." });
    }
    return reply
      .headers({
        "content-type": upload.type,
        // The bytes are anybody's: nothing in them may run.
        "content-security-policy": "default-src 'none'; sandbox",
        "x-content-type-options": "nosniff",
        "cache-control": "private, max-age=86400, immutable",
      })
      .send(upload.bytes);
  });
}
