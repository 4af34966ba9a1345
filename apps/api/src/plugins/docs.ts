/**
 * `/docs`: the API's description as pages, with forms to try it. Everything it loads comes from here, its library is
 * told to phone nobody, and the browser is told to refuse it should it try. The library starts itself by a script
 * within the page, which is allowed by its hash, and styles itself as it runs.
 */
import { createHash } from "node:crypto";
import scalar from "@scalar/fastify-api-reference";
import type { FastifyInstance } from "fastify";
import { documentPath } from "./openapi.ts";

export const docsPath = "/docs";
/** Of its scripts, which change with the library only, in seconds. */
const scriptMaxAgeSeconds = 3_600;

export interface DocsOptions {
  /** Where clients reach the API; undefined: where they got the page. */
  publicUrl: string | undefined;
}

export async function docs(app: FastifyInstance, { publicUrl }: DocsOptions): Promise<void> {
  app.addHook("onSend", async (_request, reply, payload) => {
    const type = String(reply.getHeader("content-type"));
    if (type.startsWith("text/html") && typeof payload === "string") {
      reply.header("content-security-policy", docsPolicy(payload, publicUrl));
      // Without an icon browsers ask for one.
      return payload.replace("<head>", '<head><link rel="icon" href="data:,">');
    }
    if (type.startsWith("application/javascript") && reply.statusCode === 200) {
      reply.header("cache-control", `private, max-age=${scriptMaxAgeSeconds}`);
    }
    return payload;
  });
  await app.register(scalar, {
    routePrefix: docsPath,
    configuration: {
      url: documentPath,
      pageTitle: "Punctual API",
      orderSchemaPropertiesBy: "preserve",
      defaultOpenFirstTag: true,
      // Nothing of all this may leave the house.
      telemetry: false,
      withDefaultFonts: false,
      agent: { disabled: true },
      mcp: { disabled: true },
      hideClientButton: true,
      showDeveloperTools: "never",
    },
  });
}

function docsPolicy(page: string, publicUrl: string | undefined): string {
  const inline = [...page.matchAll(/<script(?![^>]*\ssrc=)[^>]*>([\s\S]*?)<\/script>/g)].map(
    ([, script = ""]) => script,
  );
  const hashes = inline.map((script) => `'sha256-${createHash("sha256").update(script).digest("base64")}'`);
  const directives = {
    "default-src": ["'none'"],
    "script-src": ["'self'", ...hashes],
    "style-src": ["'self'", "'unsafe-inline'"],
    "img-src": ["'self'", "data:"],
    "font-src": ["'self'", "data:"],
    "connect-src": ["'self'", ...(publicUrl === undefined ? [] : [new URL(publicUrl).origin])],
    "base-uri": ["'none'"],
    "form-action": ["'none'"],
    "frame-ancestors": ["'none'"],
  };
  return Object.entries(directives)
    .map(([name, sources]) => `${name} ${sources.join(" ")}`)
    .join("; ");
}
