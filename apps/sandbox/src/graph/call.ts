/** One call to the Graph API's stand-in: read, past the gate, to the exchange, and answered as Meta does. */
import type { FastifyReply, FastifyRequest } from "fastify";
import { type SandboxApp, takeRawBodies } from "../app.ts";
import type { Answer } from "../answer.ts";
import type { Call, Circumstances, Effect } from "../exchange.ts";
import type { PlatformDeps } from "../platform.ts";
import { describeError, graphError } from "./errors.ts";
import { type Caller, passGate } from "./gate.ts";
import { type Parameters, readParameters } from "./parameters.ts";
import { servingVersion } from "./version.ts";

export interface GraphPlatform {
  name: string;
  /** The error of the platform's own limit on calls. */
  throttledCode: number;
}

export type CallDetails = Pick<Call, "stage" | "account"> & Partial<Pick<Call, "key" | "content" | "earlierBody">>;
export type CarryOut = (parameters: Parameters, circumstances: Circumstances, caller: Caller) => Effect;

export interface GraphCalls {
  /**
   * @param details what the call is, once its parameters are known; null: there is no such thing to call
   */
  perform(
    request: FastifyRequest,
    reply: FastifyReply,
    details: (parameters: Parameters) => CallDetails | null | Promise<CallDetails | null>,
    carryOut: CarryOut,
  ): Promise<FastifyReply>;
}

/** Photos and pieces of videos come in one request, in bytes. */
export const uploadBytesMax = 64 * 1024 * 1024;

export function createGraphCalls(
  { name, throttledCode }: GraphPlatform,
  { exchange, tokens }: Pick<PlatformDeps, "exchange" | "tokens">,
): GraphCalls {
  return {
    async perform(request, reply, details, carryOut) {
      const parameters = readParameters(request);
      if (parameters === null) return send(reply, graphError(400, { code: 1, message: "The body cannot be read" }));
      const known = await details(parameters);
      if (known === null) return send(reply, unknownPath);
      const call: Call = {
        platform: name,
        postId: null,
        revision: null,
        key: null,
        content: null,
        describeError: describeError(throttledCode),
        describeWait: (seconds) => usageHeaders(known.account, Math.ceil(seconds / 60)),
        ...known,
      };
      return exchange.perform(request, reply, call, (circumstances) => {
        const caller = passGate(request, parameters, { tokens, platform: name });
        if (!("status" in caller)) return carryOut(parameters, circumstances, caller);
        return known.stage === "publish" ? refused(caller) : answered(caller);
      });
    },
  };
}

/** Takes bodies as they are, and says with every answer which version of the API it came from. */
export function speakGraph(scope: SandboxApp): void {
  takeRawBodies(scope);
  scope.addHook("onSend", (request, reply, payload, done) => {
    const { version } = request.params as { version?: string };
    const serving = version === undefined ? null : servingVersion(version);
    if (serving !== null) void reply.header("facebook-api-version", serving);
    done(null, payload);
  });
}

/** A call that shows readers nothing. */
export function answered(answer: Answer): Effect {
  return { answer, entry: null };
}

/** A call to publish that the platform's own rules refuse. */
export function refused(answer: Answer): Effect {
  const { error } = answer.body as { error: { code: number; error_subcode?: number } };
  const reason = error.error_subcode === undefined ? `${error.code}` : `${error.code}/${error.error_subcode}`;
  return { answer, entry: { outcome: "refused", reason } };
}

/** How Meta tells how long a limit stays: in minutes, per page or account, and no Retry-After. */
function usageHeaders(account: string, minutes: number): Record<string, string> {
  const use = {
    type: "pages",
    call_count: 100,
    total_cputime: 25,
    total_time: 25,
    estimated_time_to_regain_access: minutes,
  };
  return { "x-business-use-case-usage": JSON.stringify({ [account]: [use] }) };
}

const unknownPath = graphError(400, { code: 2500, message: "Unknown path components" });

function send(reply: FastifyReply, { status, body }: Answer): FastifyReply {
  return reply.code(status).send(body);
}
