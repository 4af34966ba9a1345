/**
 * `/docs`: the API's description as pages, with forms to try it. Everything it loads comes from here, its library is
 * told to phone nobody, and the browser is told to refuse it should it try. The library starts itself by a script
 * within the page, which is allowed by its hash, and styles itself as it runs. It is loaded when somebody opens the
 * page: its text alone is 10 MB in memory, which processes that only take posts should not have.
 */
import { createHash } from "node:crypto";
import Fastify, { type FastifyInstance } from "fastify";
import { createLateApp } from "../late-app.ts";
import { documentPath } from "./openapi.ts";

export const docsPath = "/docs";
/** Of its scripts, which change with the library only, in seconds. */
const scriptMaxAgeSeconds = 3_600;

export interface DocsOptions {
  /** Where clients reach the API; undefined: where they got the page. */
  publicUrl: string | undefined;
}

export async function docs(app: FastifyInstance, { publicUrl }: DocsOptions): Promise<void> {
  const library = createLateApp(openLibrary);
  const ask = async (url: string) => (await library.get()).inject({ method: "GET", url });
  const schema = { hide: true };

  app.get(docsPath, { schema }, async (_request, reply) => reply.redirect(`${docsPath}/`, 301));
  app.get(`${docsPath}/`, { schema }, async (_request, reply) => {
    const { body } = await ask(`${docsPath}/`);
    reply.type("text/html; charset=utf-8").header("content-security-policy", docsPolicy(body, publicUrl));
    // Without an icon browsers ask for one.
    return body.replace("<head>", '<head><link rel="icon" href="data:,">');
  });
  app.get(`${docsPath}/js/scalar.js`, { schema }, async (_request, reply) => {
    const { rawPayload } = await ask(`${docsPath}/js/scalar.js`);
    reply.header("cache-control", `private, max-age=${scriptMaxAgeSeconds}`);
    return reply.type("application/javascript; charset=utf-8").send(rawPayload);
  });
  app.addHook("onClose", () => library.close());
}

async function openLibrary(): Promise<FastifyInstance> {
  const { default: scalar } = await import("@scalar/fastify-api-reference");
  const app = Fastify();
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
  return app;
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
