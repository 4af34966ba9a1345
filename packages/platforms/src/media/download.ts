/** From a URL to wherever it is wanted: every hop under the address guard, nothing decoded, size and time capped. */
import type { Rejected, Retry } from "@punctual/core";
import { privateAddressCode } from "../address-guard.ts";
import { type HttpClient, type HttpResult, tooLongCode } from "../http.ts";
import { receiverUrlIssue } from "../receiver-url.ts";
import { retryAfterMs } from "../retry-after.ts";

const redirectsMax = 3;
/** Less is no beginning to look at: most types show in it. */
const headBytesMin = 16;

export interface Download {
  url: string;
  /** What messages call it. */
  name: string;
  /** Where it goes; throwing is this machine's fault. */
  write: (piece: Buffer, position: number) => Promise<unknown>;
  bytesMax: number;
  /** So much of its beginning is enough, or less if no more comes; left out: nothing but the whole is. */
  headBytesMax?: number;
  timeoutMs: number;
  signal: AbortSignal;
}

export type Downloaded =
  /** `beginningOf`: only the beginning of so many bytes came, as far as their number was said. */
  { kind: "done"; beginningOf?: number } | { kind: "fault"; outcome: Rejected | Retry };

export async function download(http: HttpClient, { name, write, signal, ...given }: Download): Promise<Downloaded> {
  let target = given.url;
  for (let hops = 0; hops <= redirectsMax; hops += 1) {
    // Private addresses are the client's to refuse, which knows whether they are allowed.
    const issue = receiverUrlIssue(target, { path: "", allowPrivateNetworks: true });
    if (issue !== null) return rejected("media_url", `${name} leads to ${hops === 0 ? "what is no" : "no"} usable URL`);
    let written = 0;
    const { bytesMax, headBytesMax } = given;
    let unwritable = false;
    const result = await http.request({
      method: "GET",
      url: new URL(target),
      headers: { accept: "*/*", "accept-encoding": "identity", "user-agent": "Punctual/1" },
      timeoutMs: given.timeoutMs,
      signal,
      responseBytesMax: Math.min(bytesMax, headBytesMax ?? bytesMax),
      async receive(piece) {
        const position = written;
        written += piece.length;
        await write(piece, position).catch((error: unknown) => {
          unwritable = true;
          throw error;
        });
      },
    });
    if (unwritable) return { kind: "fault", outcome: diskFault(name) };
    const next = redirectOf(result, target);
    if (next === null) return outcomeOf(result, { name, written, bytesMax, headBytesMax });
    target = next;
  }
  return rejected("media_redirects", `${name} is redirected more than ${redirectsMax} times`);
}

function redirectOf(result: HttpResult, base: string): string | null {
  if (result.kind !== "answer" || ![301, 302, 303, 307, 308].includes(result.status)) return null;
  const { location } = result.headers;
  return location !== undefined && URL.canParse(location, base) ? new URL(location, base).href : null;
}

function outcomeOf(
  result: HttpResult,
  {
    name,
    written,
    bytesMax,
    headBytesMax = 0,
  }: Pick<Download, "name" | "bytesMax"> & {
    written: number;
    headBytesMax: number | undefined;
  },
): Downloaded {
  if (result.kind !== "answer") {
    const { code, message } = result;
    if (code === privateAddressCode) return rejected(code, `${name} is at an address that is not public`);
    return retry({ category: "network", code: `media_${code}`, message: `${name} could not be fetched: ${message}` });
  }
  const { status, cutShort, headers } = result;
  if (status >= 200 && status < 300) {
    const announced = Number(headers["content-length"] ?? 0);
    if (headBytesMax > 0 && announced > bytesMax) return tooLarge(name, bytesMax);
    // Of too little nothing can be told.
    if (status === 200 && cutShort !== undefined && written >= headBytesMin && headBytesMax > 0) {
      const isTooLong = cutShort.code === tooLongCode && bytesMax <= headBytesMax;
      return isTooLong ? tooLarge(name, bytesMax) : { kind: "done", beginningOf: Math.max(announced, written) };
    }
    if (cutShort?.code === tooLongCode) {
      return tooLarge(name, bytesMax);
    }
    if (cutShort !== undefined) {
      const message = `${name} broke off after ${written} bytes: ${cutShort.message}`;
      return retry({ category: "network", code: "media_cut_short", message });
    }
    return status === 200
      ? { kind: "done" }
      : rejected("media_unavailable", `the server of ${name} answered ${status}`);
  }
  const fault = {
    code: `media_http_${status}`,
    message: `the server of ${name} answered ${status}`,
    httpStatus: status,
  };
  if (![408, 425, 429].includes(status) && status < 500) return rejected(fault.code, fault.message, status);
  const told = retryAfterMs(headers["retry-after"], new Date());
  return retry({ category: "network", ...fault, ...(told === undefined ? {} : { notBeforeMs: told }) });
}

function rejected(code: string, message: string, httpStatus?: number): Downloaded {
  const status = httpStatus === undefined ? {} : { httpStatus };
  return { kind: "fault", outcome: { kind: "rejected", category: "rejected", code, message, ...status } };
}

function tooLarge(name: string, bytesMax: number): Downloaded {
  return rejected("media_too_large", `${name} is larger than ${bytesMax} bytes`);
}

function retry(detail: Omit<Retry, "kind">): Downloaded {
  return { kind: "fault", outcome: { kind: "retry", ...detail } };
}

/** Ours, not the post's. */
export function diskFault(name: string): Retry {
  const message = `${name} could not be written to this machine's disk`;
  return { kind: "retry", category: "internal", code: "media_disk", message };
}
