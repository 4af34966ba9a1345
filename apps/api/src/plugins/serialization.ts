/**
 * Answers by their schemas, each compiled when the first such answer is given. Refusals never are: they come as text
 * (`errors.ts`), and are most of what the schemas describe.
 */
import { SerializerSelector } from "@fastify/fast-json-stringify-compiler";
import type { FastifyInstance } from "fastify";
import fastifyPlugin from "fastify-plugin";

export const serialization = fastifyPlugin(
  async (app: FastifyInstance) => {
    const compile = SerializerSelector()({}, {});
    app.setSerializerCompiler((route) => {
      let compiled: ReturnType<typeof compile> | undefined;
      return (answer) => {
        compiled ??= compile({ ...route, httpStatus: route.httpStatus ?? "" });
        return compiled(answer);
      };
    });
  },
  { name: "serialization" },
);
