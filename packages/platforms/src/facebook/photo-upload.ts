/** A picture uploaded without readers seeing it: a post of the feed then shows it. */
import { fileBody } from "../upload-body.ts";
import type { ProvenFault } from "../graph/fault.ts";
import { idOf } from "../graph/fields.ts";
import type { MediaFile } from "../media/media.ts";
import type { PreparationDeps, Step } from "./preparation.ts";

export async function uploadPhoto(
  { api, faults }: PreparationDeps,
  { context, budget, faultContext }: Step,
  file: MediaFile,
  alt: string | undefined,
): Promise<{ kind: "photo"; id: string } | ProvenFault> {
  const result = await api.call(
    context.account,
    {
      method: "POST",
      path: `/${String(context.account.settings["pageId"])}/photos`,
      parameters: { published: false, ...(alt === undefined || alt === "" ? {} : { alt_text_custom: alt }) },
      file: { field: "source", fileName: "photo", type: file.type, content: fileBody(file) },
    },
    budget.forCall(budget.leftMs()),
  );
  if (result.kind !== "answer") return faults.proven(result, faultContext);
  const id = idOf(result.body["id"]);
  if (id !== undefined) return { kind: "photo", id };
  const message = "Facebook did not say which photo it took";
  return { kind: "retry", category: "platform", code: "no_photo", message };
}
