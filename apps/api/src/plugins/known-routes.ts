/** Which methods an address takes, so that a wrong method is told from a wrong address. */
import type { FastifyInstance } from "fastify";

export interface KnownRoutes {
  /** Every route, as it is registered. */
  all(): { method: string; url: string }[];
  /** @param url as requested, query string and all; @returns sorted, empty if there is no such address */
  methodsOf(url: string): string[];
}

/** Notes every route that is registered from now on. */
export function trackRoutes(app: FastifyInstance): KnownRoutes {
  const known = new Map<string, { pattern: RegExp; methods: Set<string> }>();
  app.addHook("onRoute", ({ url, method }) => {
    const entry = known.get(url) ?? { pattern: toPattern(url), methods: new Set<string>() };
    for (const name of [method].flat()) entry.methods.add(name);
    known.set(url, entry);
  });
  return {
    all: () => [...known].flatMap(([url, { methods }]) => [...methods].map((method) => ({ method, url }))),
    methodsOf(url) {
      const [path = ""] = url.split("?", 1);
      const matching = [...known.values()].filter(({ pattern }) => pattern.test(path));
      return [...new Set(matching.flatMap(({ methods }) => [...methods]))].toSorted();
    },
  };
}

function toPattern(url: string): RegExp {
  const escaped = url.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
  return new RegExp(`^${escaped.replaceAll(/:[A-Za-z]+/g, "[^/]+").replaceAll(String.raw`\*`, ".*")}$`);
}
