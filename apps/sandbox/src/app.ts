/** The HTTP server every part of the sandbox registers on: strict about what it is told, clear about what is wrong. */
import type { TypeBoxTypeProvider } from "@fastify/type-provider-typebox";
import type { Logger } from "@punctual/runtime";
import Fastify, {
  type FastifyBaseLogger,
  type FastifyError,
  type FastifyInstance,
  type RawReplyDefaultExpression,
  type RawRequestDefaultExpression,
  type RawServerDefault,
} from "fastify";

export type SandboxApp = FastifyInstance<
  RawServerDefault,
  RawRequestDefaultExpression,
  RawReplyDefaultExpression,
  FastifyBaseLogger,
  TypeBoxTypeProvider
>;

declare module "fastify" {
  interface FastifyRequest {
    /** The body as it came, where a scope keeps it; empty elsewhere. */
    rawBody: Buffer;
  }
}

const bodyBytesMax = 1024 * 1024;
/** How long a client may take to hand over a whole request, in milliseconds. */
const requestTimeoutMs = 30_000;

export function createApp({ logger }: { logger: Logger }): SandboxApp {
  const app = Fastify({
    logger: false,
    bodyLimit: bodyBytesMax,
    requestTimeout: requestTimeoutMs,
    // Clients that hang on command must not keep the process from stopping.
    forceCloseConnections: true,
    routerOptions: { maxParamLength: 200 },
    ajv: { customOptions: { removeAdditional: false, coerceTypes: false, allErrors: true, discriminator: true } },
  }).withTypeProvider<TypeBoxTypeProvider>();

  app.decorateRequest("rawBody", null as unknown as Buffer);

  app.setNotFoundHandler((_request, reply) =>
    reply.code(404).send({ error: "not_found", message: "There is nothing at this path." }),
  );

  app.setErrorHandler<FastifyError>((error, request, reply) => {
    const status = error.statusCode ?? 500;
    if (status >= 500) {
      logger.error({ err: error, method: request.method, path: request.url }, "a request failed unexpectedly");
      return reply.code(500).send({ error: "internal", message: "The sandbox itself failed; see its log." });
    }
    const errors = error.validation?.map(({ instancePath, message, params }) => ({
      path: `/${error.validationContext ?? ""}${instancePath}`,
      message: `${message ?? "is wrong"}${describe(params)}`,
    }));
    return reply.code(status).send({ error: "invalid_request", message: error.message, ...(errors && { errors }) });
  });

  return app;
}

/** Which field must not be there, or what a value may be. */
function describe({ additionalProperty, allowedValues }: Record<string, unknown>): string {
  if (typeof additionalProperty === "string") return `: ${additionalProperty}`;
  return Array.isArray(allowedValues) ? `: ${allowedValues.join(", ")}` : "";
}

/** Takes bodies of every content type as they are: `request.body` and `request.rawBody` are the bytes. */
export function takeRawBodies(scope: SandboxApp): void {
  scope.removeAllContentTypeParsers();
  scope.addContentTypeParser("*", { parseAs: "buffer" }, (request, body: Buffer, done) => {
    request.rawBody = body;
    done(null, body);
  });
}

/** Takes JSON, parsed into `request.body` and kept as it came in `request.rawBody`; no body at all is none. */
export function takeJsonBodies(scope: SandboxApp): void {
  const parse = scope.getDefaultJsonParser("error", "error");
  scope.removeAllContentTypeParsers();
  scope.addContentTypeParser("application/json", { parseAs: "buffer" }, (request, body: Buffer, done) => {
    request.rawBody = body;
    if (body.length === 0) done(null, undefined);
    else void parse(request, body.toString("utf8"), done);
  });
}
