/** What every page of the way to a connection has around its content; it needs no script and loads nothing. */
import { randomBytes } from "node:crypto";
import { type Markup, markup, trusted } from "@punctual/runtime";
import type { FastifyReply } from "fastify";
import { style } from "./style.ts";

export interface Page {
  title: string;
  main: Markup;
  status?: number;
  /** Where a form of the page may lead in the end, besides to us. */
  leadsTo?: string;
  /** The browser goes there by itself; the page shows the link too. */
  goesTo?: string;
}

export function sendPage(reply: FastifyReply, { title, main, status = 200, leadsTo, goesTo }: Page): FastifyReply {
  const nonce = randomBytes(16).toString("base64");
  return reply
    .code(status)
    .headers({
      "content-type": "text/html; charset=utf-8",
      "content-security-policy": [
        "default-src 'none'",
        `style-src 'nonce-${nonce}'`,
        // Browsers hold a form to this through redirects, too.
        `form-action 'self'${leadsTo === undefined ? "" : ` ${new URL(leadsTo).origin}`}`,
        "base-uri 'none'",
        "frame-ancestors 'none'",
      ].join("; "),
      "referrer-policy": "no-referrer",
      "x-content-type-options": "nosniff",
      "x-robots-tag": "noindex",
      "cache-control": "no-store",
    })
    .send(layout(title, main, nonce, goesTo).source);
}

function layout(title: string, main: Markup, nonce: string, goesTo: string | undefined): Markup {
  return markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
<style nonce="${nonce}">${trusted(style)}</style>
${goesTo === undefined ? null : markup`<meta http-equiv="refresh" content="0; url=${goesTo}">`}
</head>
<body>
<main>
${main}
</main>
</body>
</html>
`;
}
