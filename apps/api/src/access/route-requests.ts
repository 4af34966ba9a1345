/** For the access matrix: a request for every route that would do something, if whoever sends it may. */
import type { Method } from "../app-under-test.ts";

/** Ids of a company's things, and what connecting an account takes. */
export interface Belongings {
  postId: string;
  clientId: string;
  socialAccountId: string;
  endpointId: string;
  deliveryId: string;
  connectionId: string;
  platform: string;
  webhookSecret: string;
  /** A platform that accounts can be connected to by logging in, and where the browser goes then. */
  connectable: string;
  returnUrl: string;
}

export interface Route {
  method: string;
  url: string;
}

export interface RouteRequest {
  method: Method;
  url: string;
  body?: object;
}

/** What a route's `:id` names. */
export type IdNoun = "postId" | "clientId" | "socialAccountId" | "endpointId" | "connectionId";

const nouns: Readonly<Record<string, IdNoun>> = {
  posts: "postId",
  clients: "clientId",
  "social-accounts": "socialAccountId",
  "webhook-endpoints": "endpointId",
  connections: "connectionId",
};

const queries: Readonly<Record<string, string>> = { "DELETE /v1/posts": "?groupId=nobodys" };

/** @throws if the route has an id nobody here knows: the matrix must be told of new nouns */
export function requestFor({ method, url }: Route, ids: Belongings): RouteRequest {
  const path = url.replace(":deliveryId", ids.deliveryId).replace(":id", () => ids[nounOf(url)]);
  if (path.includes(":") && !url.startsWith("/v1/operator")) throw new Error(`${method} ${url} has an unknown id`);
  const body = bodies[`${method} ${url}`]?.(ids);
  return {
    method: method as Method,
    url: `${path}${queries[`${method} ${url}`] ?? ""}`,
    ...(body === undefined ? {} : { body }),
  };
}

export function nounOf(url: string): IdNoun {
  const noun = nouns[url.split("/")[2] ?? ""];
  if (noun === undefined) throw new Error(`what :id names in ${url} is not known`);
  return noun;
}

const post = ({ socialAccountId }: Belongings) => ({
  socialAccountId,
  text: "Hello",
  // Always ahead, and before any limit on planning.
  scheduledAt: `${new Date().getUTCFullYear() + 2}-06-01T00:00:00Z`,
});

/** Without one here, a route is called without a body; if it needs one, the matrix fails. */
const bodies: Readonly<Record<string, (ids: Belongings) => object>> = {
  "POST /v1/posts": post,
  "POST /v1/posts/bulk": (ids) => ({ posts: [post(ids)] }),
  "POST /v1/posts/validate": post,
  "PATCH /v1/posts/:id": () => ({ text: "Changed" }),
  "POST /v1/posts/:id/resolve": () => ({ outcome: "published" }),
  "POST /v1/clients": () => ({ name: "A client" }),
  "PATCH /v1/clients/:id": () => ({ name: "Another name" }),
  "POST /v1/social-accounts": ({ clientId, platform, webhookSecret }) => ({
    platform,
    name: "An account",
    clientId,
    settings: {},
    credentials: { secret: webhookSecret },
    sandbox: true,
  }),
  "PATCH /v1/social-accounts/:id": ({ clientId }) => ({ name: "Another name", clientId }),
  "POST /v1/connections": ({ clientId, connectable, returnUrl }) => ({ platform: connectable, clientId, returnUrl }),
  "POST /v1/webhook-endpoints": () => ({ url: "https://example.com/events" }),
  "PATCH /v1/webhook-endpoints/:id": () => ({ description: "Changed" }),
};
