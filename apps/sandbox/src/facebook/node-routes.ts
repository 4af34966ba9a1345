/** Reading one thing by its id: a post, a video, a photo, or a Page. */
import type { SandboxApp } from "../app.ts";
import type { Effect } from "../exchange.ts";
import { answered } from "../graph/call.ts";
import { graphError, missing } from "../graph/errors.ts";
import type { Parameters } from "../graph/parameters.ts";
import { describePost, describeVideo } from "./description.ts";
import { type FacebookParts, nodeParams, pageOf } from "./parts.ts";

/** What a Page can be asked for. */
const pageFields = new Set(["id", "name", "username"]);

export function nodeRoutes(scope: SandboxApp, parts: FacebookParts): void {
  const { calls, state } = parts;
  scope.get("/facebook/:version/:id", { schema: { params: nodeParams } }, (request, reply) => {
    const { id } = request.params;
    const pageId = (state.posts.get(id) ?? state.videos.get(id) ?? state.photos.get(id))?.pageId ?? pageOf(id);
    return calls.perform(
      request,
      reply,
      () => ({ stage: "read", account: pageId }),
      (parameters) => readNode(parts, id, parameters),
    );
  });
}

function readNode({ accounts, clock, state }: FacebookParts, id: string, parameters: Parameters): Effect {
  const fields = parameters.fields();
  const post = state.posts.get(id);
  if (post !== undefined) return answered({ status: 200, body: describePost(post, fields) });
  const video = state.videos.get(id);
  if (video !== undefined) return answered({ status: 200, body: describeVideo(video, fields, clock.now()) });
  if (state.photos.get(id) !== undefined) return answered({ status: 200, body: { id } });
  if (id.includes("_") || !fields.every((field) => pageFields.has(field))) return answered(graphError(400, missing));
  return answered({ status: 200, body: { id, name: accounts.get(id).name ?? `Page ${id}` } });
}
