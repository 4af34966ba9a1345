/** `/v1/operator/overview` and `/series`: whether posts go out, and why not. */
import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import type { Database } from "@punctual/db";
import { Type } from "typebox";
import { answer, problems } from "../answer.ts";
import type { FactsReader } from "../overview/installation-facts.ts";
import { toOverview } from "../overview/overview-answer.ts";
import { overviewStreamLimits, streamOverview } from "../overview/overview-stream.ts";
import { readSeries } from "../overview/series.ts";
import { sampleOf } from "../openapi/sample.ts";
import { ProblemError } from "../problem.ts";
import { sendStream, streamMediaType } from "../server-sent.ts";
import { Overview, Series, SeriesQuery } from "./overview-schemas.ts";

export interface OverviewRouteOptions {
  database: Database;
  reader: FactsReader;
}

const OverviewStream = Type.String({ title: "OverviewStream", description: "Server-sent events." });
const sampleStream = `event: overview\ndata: ${JSON.stringify(sampleOf(Overview))}\n\n`;

/** A series is used again for so long, in milliseconds, by whoever asks for the same; the coarser its step, the longer. */
const seriesKeptMs = (stepSeconds: number) => Math.min(Math.max(2_000, stepSeconds * 40), 15_000);
const seriesKeptMax = 20;
const minutesDefault = 60;
const stepDefault = 60;

export const overviewRoutes: FastifyPluginAsyncTypebox<OverviewRouteOptions> = async (app, { database, reader }) => {
  const series = new Map<string, { at: number; series: Promise<Series> }>();
  const stopping = new AbortController();
  let streams = 0;
  app.addHook("preClose", async () => stopping.abort());

  app.get(
    "/overview",
    {
      config: { quiet: true },
      schema: {
        operationId: "getOverview",
        summary: "Whether posts go out, why not, and all the figures",
        description: "Read at most every two seconds, however many ask. Without Redis `queues` is null.",
        response: { 200: answer(Overview, "The installation as it is now.") },
      },
    },
    async () => toOverview(await reader.read()),
  );

  app.get(
    "/overview/stream",
    {
      schema: {
        operationId: "streamOverview",
        summary: "The overview again and again, as server-sent events",
        description:
          "`event: overview` with the overview every two seconds; `event: unavailable` with `{at, message}` when it could not be read. A stream ends after ten minutes; reconnect.",
        response: {
          200: {
            description: "The stream.",
            answerHeaders: [],
            content: { [streamMediaType]: { schema: OverviewStream, example: sampleStream } },
          },
          ...problems({ 503: { too_many_streams: "Too many streams are open here." } }),
        },
      },
    },
    async (request, reply) => {
      if (streams >= overviewStreamLimits.streamsMax) {
        const headers = { "retry-after": "5" };
        throw new ProblemError(503, "too_many_streams", "Too many streams are open here.", { headers });
      }
      streams += 1;
      const ending = new AbortController();
      const signal = AbortSignal.any([ending.signal, stopping.signal]);
      request.raw.socket.once("close", () => ending.abort());
      reply.raw.once("close", () => {
        streams -= 1;
        ending.abort();
      });
      return sendStream(reply, streamOverview(reader, { signal }));
    },
  );

  app.get(
    "/series",
    {
      config: { quiet: true },
      schema: {
        operationId: "getSeries",
        summary: "Published, failed and lateness over time",
        description: "At most 360 points: the step grows where there would be more.",
        querystring: SeriesQuery,
        response: { 200: answer(Series, "One point a step, without gaps.") },
      },
    },
    async ({ query: { minutes = minutesDefault, step: stepSeconds = stepDefault } }) => {
      const { figures } = await reader.read();
      const name = `${minutes} ${stepSeconds}`;
      const known = series.get(name);
      if (known !== undefined && performance.now() - known.at < seriesKeptMs(stepSeconds)) return known.series;
      if (series.size >= seriesKeptMax) series.clear();
      const reading = readSeries(database, { now: figures.now, minutes, stepSeconds });
      series.set(name, { at: performance.now(), series: reading });
      reading.catch(() => series.delete(name));
      return reading;
    },
  );
};
