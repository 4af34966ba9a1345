/** Somebody who walks through the pages with a browser that has cookies, follows links and sends forms; no script runs. */

export interface Walker {
  /** Follows redirects, up to the first address that leads out of where it may go. */
  go(url: string, form?: Form): Promise<Seen>;
  /** What it would send along to an address. */
  cookies(): Map<string, string>;
}

export type Form = Readonly<Record<string, string | readonly string[]>>;

export interface Seen {
  status: number;
  /** Where it ended up; with `text` empty if it may not go there. */
  url: string;
  text: string;
  headers: Headers;
}

const redirectsMax = 10;

/** @param mayGo origins the browser can reach */
export function createWalker(mayGo: readonly string[]): Walker {
  const jar = new Map<string, string>();
  return {
    cookies: () => jar,
    async go(url, form) {
      let target = url;
      let body = form === undefined ? undefined : encode(form);
      for (let step = 0; step <= redirectsMax; step += 1) {
        const { origin } = new URL(target);
        if (!mayGo.includes(origin)) return { status: 0, url: target, text: "", headers: new Headers() };
        const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join("; ");
        const answer = await fetch(target, {
          method: body === undefined ? "GET" : "POST",
          redirect: "manual",
          headers: {
            ...(cookie === "" ? {} : { cookie }),
            ...(body === undefined ? {} : { "content-type": "application/x-www-form-urlencoded" }),
          },
          ...(body === undefined ? {} : { body }),
        });
        for (const set of answer.headers.getSetCookie()) {
          const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(set) ?? [];
          jar.set(name, value);
        }
        const location = answer.headers.get("location");
        if (answer.status < 300 || answer.status >= 400 || location === null) {
          return { status: answer.status, url: target, text: await answer.text(), headers: answer.headers };
        }
        await answer.arrayBuffer();
        target = new URL(location, target).href;
        body = undefined;
      }
      throw new Error(`more than ${redirectsMax} redirects from ${url}`);
    },
  };
}

/** What stands in a form of ours against other sites. */
export function proofIn({ text }: Seen): string {
  return /name="proof" value="([^"]+)"/.exec(text)?.[1] ?? "";
}

/** Where a page without a script sends the browser by itself. */
export function refreshIn({ text }: Seen): string {
  const url = /http-equiv="refresh" content="0; url=([^"]+)"/.exec(text)?.[1];
  if (url === undefined) throw new Error(`it leads nowhere:\n${text}`);
  return url.replaceAll("&amp;", "&");
}

/** What a log-in page answers to a form: where it sends the browser, without going there. */
export async function redirectOf(url: string, form: Record<string, string>): Promise<string> {
  const body = new URLSearchParams(form).toString();
  const headers = { "content-type": "application/x-www-form-urlencoded" };
  const answer = await fetch(url, { method: "POST", redirect: "manual", headers, body });
  const location = answer.headers.get("location");
  if (location === null) throw new Error(`it leads nowhere: ${await answer.text()}`);
  return location;
}

function encode(form: Form): string {
  const fields = new URLSearchParams();
  for (const [name, values] of Object.entries(form)) for (const value of [values].flat()) fields.append(name, value);
  return fields.toString();
}
