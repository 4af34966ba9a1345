/**
 * The API as tests drive it: the real app on a real database and queue, called without a socket. Whatever a test is
 * about, every answer must keep three promises, so they are checked on all of them: it carries a request id, if it is
 * a refusal it is a problem document, and it is what the API's description says.
 */
import { openDatabase, markDeliveriesEnqueued, markEnqueued, type Database } from "@punctual/db";
import { createPlatforms, type PlatformsOptions } from "@punctual/platforms";
import { openDeliveryProducer, openProducer, type PublishProducer } from "@punctual/queue";
import type { Keyring, Logger } from "@punctual/runtime";
import type { FastifyInstance } from "fastify";
import { buildApp, type AppDeps, type AppOptions } from "./app.ts";
import { createAnswerCheck, type AnswerCheck } from "./openapi/answer-check.ts";
import { problemMediaType, type Problem } from "./problem.ts";
import { createKeyRates } from "./rate-limits/key-limit.ts";

/** What a test environment gives, as far as the app needs it. */
export interface Surroundings {
  databaseUrl: string;
  redisUrl: string;
  redisPrefix: string;
  keyring: Keyring;
  logger: Logger;
}

export interface AppUnderTest {
  app: FastifyInstance;
  database: Database;
  producer: PublishProducer;
  /** Holds its answers to its own description. */
  documented(): AnswerCheck;
  /** Calls the API with a key. */
  call<Body = Problem>(key: string, method: Method, url: string, options?: CallOptions): Promise<Answer<Body>>;
  /** Calls it with exactly these headers and payload. */
  callRaw<Body = Problem>(request: RawCall): Promise<Answer<Body>>;
  close(): Promise<void>;
}

export type Method = "GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE" | "OPTIONS";

export interface CallOptions {
  body?: unknown;
  headers?: Readonly<Record<string, string>>;
}

export interface RawCall {
  method: Method;
  url: string;
  headers?: Readonly<Record<string, string>>;
  payload?: string | Buffer;
  /** Where it comes from. */
  remoteAddress?: string;
}

export interface Answer<Body> {
  status: number;
  headers: Readonly<Record<string, string | undefined>>;
  text: string;
  /** The parsed answer; the text itself if it is no JSON. */
  body: Body;
}

/** A test is no flood, and a slow machine is not what it is about; tests of limits set their own. */
const testLimits = { wrongKeysPerMinuteMax: 100_000, wrongPasswordsMax: 1_000, eventLoopDelayMaxMs: 600_000 } as const;
const requestsPerMinuteMax = 1_000_000;

export const testOperators = {
  operatorPassword: "operator-password",
  viewerPassword: "viewer-password",
  publicUrl: undefined,
} as const;

export async function openAppUnderTest(
  surroundings: Surroundings,
  options: Partial<AppOptions & Pick<AppDeps, "keyRates">> & { platformsOptions?: PlatformsOptions } = {},
): Promise<AppUnderTest> {
  const { logger, keyring, databaseUrl, redisUrl, redisPrefix } = surroundings;
  const database = openDatabase(
    { url: databaseUrl, pooled: false, connectionsMax: 10, applicationName: "api-under-test" },
    { logger },
  );
  const { platformsOptions = { sandboxUrl: undefined, allowPrivateNetworks: false }, ...rest } = options;
  const platforms = createPlatforms(platformsOptions);
  const producer = openProducer(
    { redisUrl, prefix: redisPrefix, platforms: [...platforms.byName.keys()] },
    { logger, onEnqueued: (posts) => markEnqueued(database, posts) },
  );
  const deliveries = openDeliveryProducer(
    { redisUrl, prefix: redisPrefix },
    { logger, onEnqueued: (jobs) => markDeliveriesEnqueued(database, jobs) },
  );
  const { keyRates = createKeyRates(requestsPerMinuteMax, 1_000), ...given } = rest;
  const limits = { ...testLimits, ...given.limits };
  const app = await buildApp(
    { database, producer, deliveries, platforms: platforms.byName, keyring, keyRates, logger },
    { ...testOperators, boardWritable: false, allowPrivateNetworks: false, ...given, limits },
  );

  let check: AnswerCheck | undefined;
  const documented = () => (check ??= createAnswerCheck(app.openapiDocument()));

  async function callRaw<Body>({ method, url, headers, payload, remoteAddress }: RawCall): Promise<Answer<Body>> {
    const response = await app.inject({
      method,
      url,
      ...(headers === undefined ? {} : { headers }),
      ...(payload === undefined ? {} : { payload }),
      ...(remoteAddress === undefined ? {} : { remoteAddress }),
    });
    const answer = {
      status: response.statusCode,
      headers: response.headers as Record<string, string | undefined>,
      text: response.payload,
      body: parse(response.payload) as Body,
    };
    checkPromises(answer, `${method} ${url}`);
    const faults = documented().faults(method, url, answer);
    if (faults.length > 0) throw new Error(`${method} ${url} is not what openapi.json says:\n${faults.join("\n")}`);
    return answer;
  }

  return {
    app,
    database,
    producer,
    documented,
    callRaw,
    call: (key, method, url, { body, headers } = {}) =>
      callRaw({
        method,
        url,
        headers: {
          authorization: `Bearer ${key}`,
          ...(body === undefined ? {} : { "content-type": "application/json" }),
          ...headers,
        },
        ...(body === undefined ? {} : { payload: JSON.stringify(body) }),
      }),
    close: async () => {
      const closed = app.close();
      // Clients of tests keep connections they never asked for anything on.
      app.server.closeAllConnections();
      await closed;
      await deliveries.stop();
      await producer.stop();
      await platforms.stop();
      await database.close();
    },
  };
}

/** Health answers with its own document, the board with its library's. */
const libraryAnswers = /\/readyz|\/healthz|\/queues\/api\//;

function checkPromises(answer: Answer<unknown>, what: string): void {
  const requestId = answer.headers["x-request-id"];
  if (requestId === undefined) throw new Error(`${what} was answered without x-request-id`);
  if (answer.status < 400 || answer.text === "" || libraryAnswers.test(what)) return;
  const problem = answer.body as Partial<Problem>;
  const isProblem =
    answer.headers["content-type"]?.startsWith(problemMediaType) === true &&
    problem.status === answer.status &&
    problem.requestId === requestId &&
    [problem.type, problem.title, problem.detail, problem.code].every((field) => typeof field === "string");
  if (!isProblem) throw new Error(`${what} was refused without a problem document: ${answer.status} ${answer.text}`);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
