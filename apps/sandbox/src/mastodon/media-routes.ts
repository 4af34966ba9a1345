/** Uploads: pictures are there at once, films and animations after they were looked at once. */
import { randomInt } from "node:crypto";
import type { SandboxApp } from "../app.ts";
import { kindOf } from "../uploads/uploads.ts";
import { answered, fault, perform, readBody, refused } from "./call.ts";
import { uploadEntity } from "./entity.ts";
import { charactersMax, mediaMax, type StatusParts } from "./status-routes.ts";
import type { Upload } from "./statuses.ts";

const imageBytesMax = 16_777_216;
const videoBytesMax = 103_809_024;
const descriptionMax = 1_500;

const kinds: Readonly<Record<string, Upload["kind"]>> = {
  "image/jpeg": "image",
  "image/png": "image",
  "image/webp": "image",
  "image/gif": "gifv",
  "video/mp4": "video",
};

export function mediaRoutes(scope: SandboxApp, parts: StatusParts): void {
  const { statuses, uploads, baseUrl } = parts;

  scope.post("/mastodon/api/v2/media", { bodyLimit: videoBytesMax + 65_536 }, (request, reply) =>
    perform(request, reply, parts, { stage: "prepare" }, (handle) => {
      const { fields, files } = readBody(request);
      const file = files.get("file");
      const description = typeof fields["description"] === "string" ? fields["description"] : null;
      const kind = file === undefined ? undefined : kinds[kindOf(file).type];
      if (file === undefined || kind === undefined) {
        return refused(fault(422, "Validation failed: File content type is invalid"), "prepare");
      }
      if (file.length > (kind === "video" ? videoBytesMax : imageBytesMax)) {
        return refused(fault(422, "Validation failed: File file size must be less than the limit"), "prepare");
      }
      if (description !== null && description.length > descriptionMax) {
        return refused(
          fault(422, "Validation failed: Description is too long (maximum is 1500 characters)"),
          "prepare",
        );
      }
      const id = String(randomInt(2 ** 47));
      const looksLeft = kind === "image" ? 0 : 1;
      const upload = { id, handle, kind, url: uploads.keep(file), description, looksLeft, attached: false };
      statuses.uploads.set(id, upload);
      return answered(kind === "image" ? 200 : 202, uploadEntity(upload));
    }),
  );

  scope.get("/mastodon/api/v1/media/:id", (request, reply) => {
    const { id } = request.params as { id: string };
    return perform(request, reply, parts, { stage: "prepare" }, (handle) => {
      const upload = statuses.uploads.get(id);
      if (upload?.handle !== handle) return refused(fault(404, "Record not found"), "prepare");
      const shown = answered(upload.looksLeft > 0 ? 206 : 200, uploadEntity(upload));
      upload.looksLeft = Math.max(0, upload.looksLeft - 1);
      return shown;
    });
  });

  scope.get("/mastodon/api/v2/instance", (_request, reply) =>
    reply.code(200).send({
      domain: new URL(baseUrl()).host,
      title: "Sandbox",
      version: "4.5.0",
      api_versions: { mastodon: 7 },
      configuration: {
        statuses: { max_characters: charactersMax, max_media_attachments: mediaMax, characters_reserved_per_url: 23 },
        media_attachments: {
          supported_mime_types: Object.keys(kinds),
          description_limit: descriptionMax,
          image_size_limit: imageBytesMax,
          image_matrix_limit: 33_177_600,
          video_size_limit: videoBytesMax,
          video_frame_rate_limit: 120,
          video_matrix_limit: 8_294_400,
        },
      },
    }),
  );
}
