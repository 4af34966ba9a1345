/** `/rest/images`, `/rest/videos`, and the addresses bytes go to: a picture's wants the token, a video's must not get it. */
import type { SandboxApp } from "../app.ts";
import { fieldsOf } from "../ledger/content.ts";
import type { PlatformDeps } from "../platform.ts";
import type { Asset, Assets } from "./assets.ts";
import { answered, jsonBody, mayPublishAs, originOf, perform, platform } from "./call.ts";
import { describeError, inputError, plainError } from "./errors.ts";

const uploadLifeMs = 86_400_000;
const imageBytesMax = 64 * 1024 * 1024;
const videoBytesMax = 500 * 1024 * 1024;
const partBytesMax = 4 * 1024 * 1024;

export function uploadRoutes(scope: SandboxApp, { assets, ...deps }: PlatformDeps & { assets: Assets }): void {
  const expires = () => deps.clock.now() + uploadLifeMs;

  for (const kind of ["image", "video"] as const) {
    scope.post(`/linkedin/rest/${kind}s`, (request, reply) => {
      const { action } = request.query as { action?: string };
      const body = fieldsOf(jsonBody(request));
      const { owner, fileSizeBytes } = fieldsOf(body["initializeUploadRequest"]);
      const { video, uploadToken, uploadedPartIds } = fieldsOf(body["finalizeUploadRequest"]);
      const known = typeof video === "string" ? assets.get(video) : undefined;
      const account = typeof owner === "string" ? owner : (known?.owner ?? "unknown");

      return perform(request, reply, deps, { stage: "prepare", account }, (caller) => {
        if (action === "finalizeUpload" && kind === "video") {
          const fits = known?.video?.token === uploadToken && Array.isArray(uploadedPartIds);
          if (known === undefined || !fits)
            return answered(inputError(400, "INVALID_URN_ID", "/video", "no such upload"));
          const done = assets.finalize(known, uploadedPartIds);
          if (!done)
            return answered(inputError(400, "INVALID_VALUE_FOR_FIELD", "/uploadedPartIds", "parts are missing"));
          return answered({ status: 200, body: null });
        }
        if (action !== "initializeUpload" || typeof owner !== "string") {
          return answered(inputError(400, "MISSING_FIELD", "/owner", "owner is required"));
        }
        if (!mayPublishAs(caller, owner)) return answered(plainError(403, "ACCESS_DENIED", "Not enough permissions"));
        if (kind === "image")
          return answered({ status: 200, body: { value: imageValue(assets.registerImage(owner), originOf(request)) } });
        if (typeof fileSizeBytes !== "number" || fileSizeBytes < 1 || fileSizeBytes > videoBytesMax) {
          return answered(inputError(400, "INVALID_VALUE_FOR_FIELD", "/fileSizeBytes", "between 1 byte and 500 MB"));
        }
        return answered({
          status: 200,
          body: { value: videoValue(assets.registerVideo(owner, fileSizeBytes), originOf(request)) },
        });
      });
    });

    scope.get(`/linkedin/rest/${kind}s/:urn`, (request, reply) => {
      const { urn } = request.params as { urn: string };
      const asset = assets.get(urn);
      return perform(request, reply, deps, { stage: "prepare", account: asset?.owner ?? "unknown" }, () => {
        if (asset?.kind !== kind) return answered(plainError(404, "NOT_FOUND", "Could not find entity"));
        const status = assets.look(asset);
        const failure = status === "PROCESSING_FAILED" ? { processingFailureReason: asset.failure } : {};
        return answered({ status: 200, body: { id: urn, owner: asset.owner, status, ...failure } });
      });
    });
  }

  scope.put("/linkedin/uploads/images/:upload", { bodyLimit: imageBytesMax }, (request, reply) => {
    const asset = assets.byUpload((request.params as { upload: string }).upload);
    return perform(
      request,
      reply,
      deps,
      { stage: "prepare", account: asset?.owner ?? "unknown", versioned: false },
      () => {
        if (asset?.kind !== "image") return answered(plainError(404, "NOT_FOUND", "There is no such upload"));
        assets.fillImage(asset, request.rawBody);
        return answered({ status: 201, body: null });
      },
    );
  });

  scope.put("/linkedin/uploads/videos/:upload/:part", { bodyLimit: partBytesMax }, (request, reply) => {
    const { upload, part } = request.params as { upload: string; part: string };
    const asset = assets.byUpload(upload);
    const account = asset?.owner ?? "unknown";
    const call = {
      platform,
      account,
      stage: "prepare" as const,
      postId: null,
      revision: null,
      key: null,
      content: null,
      describeError,
    };
    return deps.exchange.perform(request, reply, call, () => {
      if (request.headers.authorization !== undefined) {
        return answered(plainError(400, "INVALID_REQUEST", "These addresses are signed and take no Authorization"));
      }
      const etag = asset?.kind === "video" ? assets.fillPart(asset, Number(part), request.rawBody) : null;
      if (etag === null) return answered(plainError(400, "INVALID_REQUEST", "The bytes are not those of this part"));
      return answered({ status: 200, body: null, headers: { etag } });
    });
  });

  function imageValue({ urn, uploadId }: Asset, origin: string) {
    return { uploadUrlExpiresAt: expires(), uploadUrl: `${origin}/linkedin/uploads/images/${uploadId}`, image: urn };
  }

  function videoValue({ urn, uploadId, video }: Asset, origin: string) {
    return {
      uploadUrlsExpireAt: expires(),
      video: urn,
      uploadToken: video?.token ?? "",
      uploadInstructions: (video?.parts ?? []).map(({ firstByte, lastByte }, index) => {
        return { uploadUrl: `${origin}/linkedin/uploads/videos/${uploadId}/${index}`, firstByte, lastByte };
      }),
    };
  }
}
