/**
 * The bytes of one upload on their way. A picture goes in one piece and wants the token; a video goes in parts whose
 * addresses are signed and must not get it, and whose ETags put them together again.
 */
import type { ConnectedAccount, Prepared } from "@punctual/core";
import type { Budget } from "../budget.ts";
import type { HttpResult } from "../http.ts";
import { fileBody } from "../upload-body.ts";
import { isSuccess, type VerdictContext } from "../verdict.ts";
import { refusedToPrepare } from "./answer.ts";
import type { LinkedInApi } from "./api.ts";
import { fieldsOf, parseFields } from "../json-answer.ts";
import { linkedinLimits } from "./limits.ts";
import type { Upload } from "./post-body.ts";

export interface HandOverContext {
  api: LinkedInApi;
  account: ConnectedAccount;
  budget: Budget;
  answers: VerdictContext;
}

export type HandedOver = { kind: "handed_over"; urn: string } | Exclude<Prepared, { kind: "ready" }>;

interface LocalFile {
  path: string;
  bytes: number;
  type: string;
}

export function handOver(context: HandOverContext, file: LocalFile & Pick<Upload, "kind">): Promise<HandedOver> {
  return file.kind === "image" ? handOverImage(context, file) : handOverVideo(context, file);
}

async function handOverImage(context: HandOverContext, { path, bytes, type }: LocalFile): Promise<HandedOver> {
  const registered = await act(context, "/rest/images?action=initializeUpload", {
    initializeUploadRequest: { owner: context.account.settings["author"] },
  });
  const { image, uploadUrl } = fieldsOf(valueOf(registered)["value"]);
  if (typeof image !== "string" || typeof uploadUrl !== "string" || !URL.canParse(uploadUrl)) {
    return refusedToPrepare(registered, context.answers);
  }
  const { api, account, budget } = context;
  const body = fileBody({ path, bytes });
  const sent = await api.put(
    account,
    { url: uploadUrl, authorized: true, type, body },
    budget.forCall(budget.leftMs()),
  );
  return isSuccess(sent) ? { kind: "handed_over", urn: image } : refusedToPrepare(sent, context.answers);
}

async function handOverVideo(context: HandOverContext, { path, bytes }: LocalFile): Promise<HandedOver> {
  const registered = await act(context, "/rest/videos?action=initializeUpload", {
    initializeUploadRequest: {
      owner: context.account.settings["author"],
      fileSizeBytes: bytes,
      uploadCaptions: false,
      uploadThumbnail: false,
    },
  });
  const { video, uploadToken = "", uploadInstructions } = fieldsOf(valueOf(registered)["value"]);
  if (typeof video !== "string" || !Array.isArray(uploadInstructions))
    return refusedToPrepare(registered, context.answers);

  const { api, account, budget, answers } = context;
  const uploadedPartIds: string[] = [];
  for (const instruction of uploadInstructions) {
    const { uploadUrl, firstByte, lastByte } = fieldsOf(instruction);
    if (typeof uploadUrl !== "string" || typeof firstByte !== "number" || typeof lastByte !== "number") {
      return refusedToPrepare(registered, answers);
    }
    const part = { url: uploadUrl, authorized: false, type: "application/octet-stream" };
    const body = fileBody({ path, bytes, start: firstByte, end: lastByte + 1 });
    const sent = await api.put(account, { ...part, body }, budget.forCall(budget.leftMs()));
    const etag = isSuccess(sent) ? sent.headers["etag"] : undefined;
    if (etag === undefined) return refusedToPrepare(sent, answers);
    uploadedPartIds.push(etag);
  }
  const finished = await act(context, "/rest/videos?action=finalizeUpload", {
    finalizeUploadRequest: { video, uploadToken, uploadedPartIds },
  });
  return isSuccess(finished) ? { kind: "handed_over", urn: video } : refusedToPrepare(finished, answers);
}

function act({ api, account, budget }: HandOverContext, path: string, body: unknown): Promise<HttpResult> {
  return api.call(account, { method: "POST", path, body }, budget.forCall(linkedinLimits.callTimeoutMs));
}

function valueOf(result: HttpResult) {
  return isSuccess(result) ? parseFields(result.body) : {};
}
