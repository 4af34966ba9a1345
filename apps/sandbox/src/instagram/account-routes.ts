/** Reading: a container's status, a medium, the account's media, and the renewal of a token. */
import type { SandboxApp } from "../app.ts";
import type { Effect } from "../exchange.ts";
import { answered } from "../graph/call.ts";
import { graphError, missing } from "../graph/errors.ts";
import type { Parameters } from "../graph/parameters.ts";
import { type InstagramParts, nodeParams } from "./parts.ts";
import { lookAt, type Medium } from "./state.ts";

const listedDefault = 25;
const listedMax = 100;
const tokenLifeSeconds = 5_184_000;

export function accountRoutes(scope: SandboxApp, parts: InstagramParts): void {
  const { calls, clock, state, tokens } = parts;

  scope.get("/instagram/:version/:id", { schema: { params: nodeParams } }, (request, reply) => {
    const { id } = request.params;
    const account = (state.containers.get(id) ?? state.media.get(id))?.userId ?? id;
    return calls.perform(
      request,
      reply,
      () => ({ stage: "read", account, key: id }),
      (parameters) => readNode(parts, id, parameters),
    );
  });

  scope.get("/instagram/:version/:id/media", { schema: { params: nodeParams } }, (request, reply) => {
    const { id: userId } = request.params;
    return calls.perform(
      request,
      reply,
      () => ({ stage: "list", account: userId }),
      (parameters, { lagMs }) => {
        const limit = Math.min(Number(parameters.text("limit") ?? listedDefault), listedMax);
        const untilMs = clock.now() - lagMs;
        const data = state.media
          .newest()
          .filter((medium) => medium.userId === userId && (lagMs === 0 || medium.publishedAtMs <= untilMs))
          .slice(0, limit)
          .map((medium) => describeMedium(medium, parameters.fields()));
        return answered({ status: 200, body: { data } });
      },
    );
  });

  scope.get("/instagram/refresh_access_token", (request, reply) =>
    calls.perform(
      request,
      reply,
      () => ({ stage: "read", account: "unknown" }),
      (parameters, _circumstances, { handle }) => {
        if (parameters.text("grant_type") !== "ig_refresh_token") {
          return answered(graphError(400, { code: 100, message: "Unsupported grant type" }));
        }
        const token = tokens.issue("instagram", handle);
        return answered({
          status: 200,
          body: { access_token: token, token_type: "bearer", expires_in: tokenLifeSeconds },
        });
      },
    ),
  );
}

function readNode({ accounts, clock, state }: InstagramParts, id: string, parameters: Parameters): Effect {
  const container = state.containers.get(id);
  if (container !== undefined) {
    const status = lookAt(container, clock.now());
    const reasons = {
      ERROR: "Error: Media upload has failed with error code 2207026",
      EXPIRED: "Expired: not published in time",
    };
    const text = status === "ERROR" || status === "EXPIRED" ? reasons[status] : `${status}: as it says`;
    return answered({ status: 200, body: { id, status_code: status, status: text } });
  }
  const medium = state.media.get(id);
  if (medium !== undefined) return answered({ status: 200, body: describeMedium(medium, parameters.fields()) });
  const { name } = accounts.get(id);
  if (parameters.fields().includes("username")) {
    return answered({ status: 200, body: { id, user_id: id, username: name ?? `user_${id}` } });
  }
  return answered(graphError(400, missing));
}

function describeMedium(medium: Medium, fields: readonly string[]) {
  const { id, content, mediaType, publishedAtMs, url } = medium;
  const all = {
    id,
    ...(content.text === "" ? {} : { caption: content.text }),
    permalink: url,
    timestamp: `${new Date(publishedAtMs).toISOString().slice(0, 19)}+0000`,
    media_type: mediaType,
  };
  return Object.fromEntries(Object.entries(all).filter(([name]) => name === "id" || fields.includes(name)));
}
