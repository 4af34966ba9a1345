/** A platform's endpoint for tokens: a call like any other, so faults can be commanded for it, under the account `oauth`. */
import type { FastifyReply, FastifyRequest } from "fastify";
import type { Answer } from "../answer.ts";
import { type SandboxApp, takeRawBodies } from "../app.ts";
import type { Exchange } from "../exchange.ts";
import { sandboxClient } from "./registration.ts";

export type Fields = Readonly<Record<string, string | undefined>>;

export interface EndpointOptions {
  platform: string;
  method: "GET" | "POST";
  path: string;
  /** In the platform's own words; default: OAuth's. */
  describeError?: (status: number) => unknown;
}

/** @param answer given the fields of the form, or of the query of a GET */
export function tokenEndpoint(
  parent: SandboxApp,
  { platform, method, path, describeError = (status) => ({ error: `commanded_${status}` }) }: EndpointOptions,
  { exchange }: { exchange: Exchange },
  answer: (fields: Fields, request: FastifyRequest) => Answer,
): void {
  void parent.register((scope: SandboxApp, _options, done) => {
    takeRawBodies(scope);
    const handler = (request: FastifyRequest, reply: FastifyReply) => {
      const form = new URLSearchParams(request.rawBody?.toString("utf8") ?? "");
      const fields = method === "GET" ? (request.query as Fields) : Object.fromEntries(form);
      const nobody = { postId: null, revision: null, key: null, content: null };
      const call = { platform, account: "oauth", stage: "read" as const, ...nobody, describeError };
      return exchange.perform(request, reply, call, () => ({ answer: answer(fields, request), entry: null }));
    };
    scope.route({ method, url: path, handler });
    done();
  });
}

/** Whether the application is the one every stand-in knows. */
export function isSandboxClient({ client_id: id, client_secret: secret }: Fields): boolean {
  return id === sandboxClient.id && secret === sandboxClient.secret;
}

export function oauthFault(status: number, error: string, description: string): Answer {
  return { status, body: { error, error_description: description } };
}
