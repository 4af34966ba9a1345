/**
 * The operators' page at `/`: files built from apps/dashboard, the same for everybody. It holds no data; what it
 * shows it asks `/v1/operator` for, as whoever is logged in. The page routes its own addresses, so each of them
 * answers with the page, and a link into it can be kept and sent.
 */
import { readFile } from "node:fs/promises";
import path from "node:path";
import fastifyStatic from "@fastify/static";
import type { FastifyInstance, FastifyReply } from "fastify";
import { headersOf } from "./security.ts";

export interface DashboardOptions {
  /** Where the built page is; default: where `npm run dashboard` puts it. */
  directory?: string;
}

const builtDirectory = path.resolve(import.meta.dirname, "../../../dashboard/dist");

/** The addresses the page knows, as in apps/dashboard/src/routes.ts. */
export const dashboardPaths = [
  "/",
  "/log-in",
  "/posts",
  "/posts/:id",
  "/unconfirmed",
  "/redrive",
  "/accounts",
  "/audit",
] as const;

/** Nothing but what comes from here, and nothing inline. */
const dashboardHeaders = headersOf({
  contentSecurityPolicy: {
    useDefaults: false,
    directives: {
      defaultSrc: ["'none'"],
      scriptSrc: ["'self'"],
      styleSrc: ["'self'"],
      imgSrc: ["'self'"],
      connectSrc: ["'self'"],
      baseUri: ["'none'"],
      formAction: ["'self'"],
      frameAncestors: ["'none'"],
    },
  },
  referrerPolicy: { policy: "same-origin" },
});

export async function dashboard(app: FastifyInstance, { directory = builtDirectory }: DashboardOptions): Promise<void> {
  // Their names change with their content.
  await app.register(fastifyStatic, {
    root: path.join(directory, "assets"),
    prefix: "/assets/",
    preCompressed: true,
    index: false,
    maxAge: "1y",
    immutable: true,
    suppressWarning: true,
  });
  for (const url of dashboardPaths) {
    app.get(url, { schema: { hide: true } }, (_request, reply) => sendPage(reply, path.join(directory, "index.html")));
  }
}

async function sendPage(reply: FastifyReply, file: string): Promise<FastifyReply> {
  const page = await readFile(file, "utf8").catch(() => null);
  return reply
    .headers(dashboardHeaders)
    .code(page === null ? 503 : 200)
    .type("text/html; charset=utf-8")
    .send(page ?? notBuilt);
}

const notBuilt = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Punctual: the dashboard is not built</title>
<h1>The dashboard is not built yet</h1>
<p>Build it in the checkout of this API, then load this page again; the API need not be restarted:</p>
<pre>npm run dashboard</pre>
<p>Everything else works without it: the queues are at <a href="/queues">/queues</a>, health at
<a href="/readyz">/readyz</a>.</p>
</html>
`;
