/**
 * A client's own server, as a well-behaved one is: it takes a signed POST after the Standard Webhooks specification,
 * publishes it, and answers the repeat of an id it has processed with the same 2xx again, without a second effect.
 * An id whose delivery was refused is taken when it comes again.
 */
import { accountParams } from "../accounts/routes.ts";
import { takeRawBodies } from "../app.ts";
import type { Call, Effect } from "../exchange.ts";
import { fieldsOf, readContent } from "../ledger/content.ts";
import type { PlatformDeps, SandboxPlatform } from "../platform.ts";
import { signatureFault } from "./signature.ts";

const platform = "webhook";
const idLengthMax = 200;

export function createWebhookReceiver({ ledger, exchange, accounts }: PlatformDeps): SandboxPlatform {
  function receive(call: Call, body: Buffer, headers: Headers): Effect {
    const { account, key } = call;
    if (key === null) return refuse(400, "missing_webhook_id");

    const { secret } = accounts.get(account);
    const fault = secret === undefined ? null : signatureFault(secret, { ...headers, body }, new Date());
    if (fault !== null) return refuse(401, fault);

    const first = ledger.acceptedUnder(platform, account, key);
    if (first !== undefined) {
      const { externalId, externalUrl } = first;
      return {
        answer: { status: 200, body: { id: externalId, url: externalUrl } },
        entry: {
          outcome: "repeat",
          externalId,
          externalUrl,
          bodyChanged: first.body !== body.toString("utf8"),
        },
      };
    }
    const { id, url } = exchange.newPost(platform, account);
    return {
      answer: { status: 200, body: { id, url } },
      entry: { outcome: "accepted", externalId: id, externalUrl: url },
    };
  }

  return {
    name: platform,
    displayName: "Webhook",
    routes(scope) {
      takeRawBodies(scope);
      scope.post("/webhook/:account", { schema: { params: accountParams } }, (request, reply) => {
        request.rawBody ??= Buffer.alloc(0);
        const headers = readHeaders(request.headers);
        const call = readCall(request.params.account, headers.id, request.rawBody);
        return exchange.perform(request, reply, call, () => receive(call, request.rawBody, headers));
      });
    },
    forget() {
      // Which ids were processed is read off the ledger.
    },
  };
}

interface Headers {
  id: string | undefined;
  timestamp: string | undefined;
  signature: string | undefined;
}

function readHeaders(headers: Readonly<Record<string, string | string[] | undefined>>): Headers {
  const one = (name: string) => {
    const value = headers[name];
    return typeof value === "string" && value !== "" ? value : undefined;
  };
  return { id: one("webhook-id"), timestamp: one("webhook-timestamp"), signature: one("webhook-signature") };
}

function readCall(account: string, id: string | undefined, body: Buffer): Call {
  const key = id !== undefined && id.length <= idLengthMax ? id : null;
  const text = body.toString("utf8");
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    parsed = { text };
  }
  // The sender's own id of the post, so that a post which goes out under two webhook ids shows as a double.
  const { postId } = fieldsOf(parsed);
  return {
    platform,
    account,
    stage: "publish",
    postId: typeof postId === "string" && postId.length <= idLengthMax ? postId : key,
    revision: null,
    key,
    content: readContent(parsed),
    describeError: (status) => ({ error: `commanded to answer ${status}` }),
  };
}

function refuse(status: number, reason: string): Effect {
  return { answer: { status, body: { error: reason } }, entry: { outcome: "refused", reason } };
}
