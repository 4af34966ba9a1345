/**
 * A platform's log-in page, as far as an application can tell: it shows who asks for what, and whoever sits there says
 * as whom they allow it, or that they do not. Nobody has a password here.
 */
import { randomBytes } from "node:crypto";
import { type Markup, markup, trusted } from "@punctual/runtime";
import type { FastifyReply, FastifyRequest } from "fastify";
import { type SandboxApp, takeRawBodies } from "../app.ts";
import { style } from "../feed/style.ts";
import type { Tokens } from "../tokens/tokens.ts";
import type { Codes } from "./codes.ts";
import { handlePattern, peopleOf } from "./people.ts";

export interface DialogOptions {
  platform: string;
  displayName: string;
  path: string;
  /** What comes back with the browser when somebody says no. */
  denial: Readonly<Record<string, string>>;
  /** Whether an application may send people there. */
  knows(clientId: string, redirectUri: string): boolean;
}

export function dialogRoutes(
  parent: SandboxApp,
  { platform, displayName, path, denial, knows }: DialogOptions,
  { tokens, codes }: { tokens: Tokens; codes: Codes },
): void {
  void parent.register((scope: SandboxApp, _options, done) => {
    takeRawBodies(scope);
    scope.get(path, (request, reply) => {
      const asked = readRequest(request);
      if (asked === null || !knows(asked.clientId, asked.redirectUri)) return sendRefused(reply, displayName);
      return sendDialog(reply, displayName, { ...asked, people: peopleOf(tokens, platform) });
    });

    scope.post(path, (request, reply) => {
      const asked = readRequest(request);
      if (asked === null || !knows(asked.clientId, asked.redirectUri)) return sendRefused(reply, displayName);
      const form = new URLSearchParams(request.rawBody.toString("utf8"));
      const handle = (form.get("handle") ?? "").trim() || (form.get("other") ?? "").trim();
      const back = new URL(asked.redirectUri);
      if (asked.state !== null) back.searchParams.set("state", asked.state);
      if (form.get("decision") === "deny") {
        for (const [name, value] of Object.entries(denial)) back.searchParams.set(name, value);
      } else if (handlePattern.test(handle)) {
        back.searchParams.set("code", codes.issue({ ...asked, handle }));
      } else {
        return sendDialog(reply.code(400), displayName, { ...asked, people: peopleOf(tokens, platform) });
      }
      return reply.redirect(back.href, 303);
    });
    done();
  });
}

interface Asked {
  clientId: string;
  redirectUri: string;
  scope: string;
  state: string | null;
  codeChallenge: string | null;
}

/** Null if it is no request an application may make. */
function readRequest(request: FastifyRequest): Asked | null {
  const query = request.query as Record<string, string | undefined>;
  const { client_id: clientId = "", redirect_uri: redirectUri = "", response_type: type, scope = "", state } = query;
  const { code_challenge: codeChallenge = null, code_challenge_method: method } = query;
  if (type !== "code" || !URL.canParse(redirectUri) || !/^https?:/.test(redirectUri)) return null;
  if (codeChallenge !== null && method !== "S256") return null;
  return { clientId, redirectUri, scope, state: state ?? null, codeChallenge };
}

function sendDialog(reply: FastifyReply, displayName: string, asked: Asked & { people: readonly string[] }) {
  return sendPage(
    reply,
    `Log in to ${displayName}`,
    markup`<h1>Log in to ${displayName}</h1>
<p class="lead">A stand-in: nobody needs a password here.<br>
<code>${asked.clientId}</code> at <strong>${new URL(asked.redirectUri).host}</strong> asks for <code>${asked.scope}</code></p>
<form method="post" class="card">
${asked.people.map(
  (handle) => markup`<p><button name="handle" value="${handle}">Allow as <strong>${handle}</strong></button></p>
`,
)}<p><label>Somebody else: <input name="other" maxlength="50" pattern="[A-Za-z0-9_.\\-]{1,50}"></label>
<button name="decision" value="allow">Allow</button></p>
<p><button name="decision" value="deny">Deny</button></p>
</form>`,
  );
}

function sendRefused(reply: FastifyReply, displayName: string) {
  return sendPage(
    reply.code(400),
    displayName,
    markup`<h1>${displayName} does not know this application</h1>
<p class="card">The application's id, its address to come back to, or the kind of request is wrong.</p>`,
  );
}

function sendPage(reply: FastifyReply, title: string, main: Markup) {
  const nonce = randomBytes(16).toString("base64");
  return reply
    .headers({
      "content-type": "text/html; charset=utf-8",
      "content-security-policy": `default-src 'none'; style-src 'nonce-${nonce}'; base-uri 'none'; frame-ancestors 'none'`,
      "referrer-policy": "no-referrer",
      "cache-control": "no-store",
    })
    .send(
      markup`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark"><title>${title}</title>
<style nonce="${nonce}">${trusted(style)}</style></head><body><main>${main}</main></body></html>
`.source,
    );
}
