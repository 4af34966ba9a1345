/** What every page of the feed has around its content: head, banner, style, and the script that keeps it fresh. */
import { randomBytes } from "node:crypto";
import { type Markup, markup, trusted } from "@punctual/runtime";
import type { FastifyReply } from "fastify";
import { refreshScript } from "./refresh-script.ts";
import { style } from "./style.ts";

export interface Page {
  title: string;
  main: Markup;
  status?: number;
}

export function sendPage(reply: FastifyReply, { title, main, status = 200 }: Page): FastifyReply {
  const nonce = randomBytes(16).toString("base64");
  return reply
    .code(status)
    .headers({
      "content-type": "text/html; charset=utf-8",
      // Post texts come from anywhere: nothing on a page may run, load or send but what is written here.
      "content-security-policy": [
        "default-src 'none'",
        `style-src 'nonce-${nonce}'`,
        `script-src 'nonce-${nonce}'`,
        "connect-src 'self'",
        "img-src 'self'",
        "media-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
      ].join("; "),
      "x-content-type-options": "nosniff",
      "referrer-policy": "no-referrer",
      "cache-control": "no-store",
    })
    .send(layout(title, main, nonce).source);
}

function layout(title: string, main: Markup, nonce: string): Markup {
  return markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
<style nonce="${nonce}">${trusted(style)}</style>
<noscript><meta http-equiv="refresh" content="10"></noscript>
</head>
<body>
<a class="skip" href="#content">Skip to the content</a>
<header>
<p><a href="/">Sandbox</a> <span>what readers would see</span></p>
<p class="live"><span role="status" id="freshness">Live</span>
<button type="button" id="pause" aria-pressed="false" hidden>Pause</button></p>
</header>
<main id="content" tabindex="-1">${main}</main>
<footer><p>A stand-in for the real networks: nothing on this page left this installation.
<a href="/_ledger/stats">Ledger in figures</a>, <a href="/_ledger">as JSON</a>.</p></footer>
<script nonce="${nonce}">${trusted(refreshScript)}</script>
</body>
</html>
`;
}
