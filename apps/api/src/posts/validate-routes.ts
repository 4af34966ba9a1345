/** `/v1/posts/validate`: what scheduling a post would say, without scheduling it. */
import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import { Type } from "typebox";
import { answer } from "../answer.ts";
import { Issue } from "../problem.ts";
import type { ScheduleDeps } from "./schedule-posts.ts";
import { PostIn } from "./schemas.ts";
import { validatePost } from "./validate-post.ts";

const Verdict = Type.Object(
  {
    valid: Type.Boolean({ description: "True: the post would be accepted now." }),
    issues: Type.Array(Issue, {
      description:
        "Every fault that was found. A valid post has one only if it will be late: `beyond_quota` names the next time at which the account's platform takes another post; scheduled all the same, it goes out then.",
    }),
  },
  { title: "Verdict" },
);

export const validateRoutes: FastifyPluginAsyncTypebox<ScheduleDeps> = async (app, deps) => {
  app.post(
    "/posts/validate",
    {
      config: { scope: "write" },
      schema: {
        operationId: "validatePost",
        summary: "Check a post without scheduling it",
        description: "What is no post at all is refused with 400, as when scheduling.",
        body: PostIn,
        response: { 200: answer(Verdict, "What scheduling it now would say.") },
      },
    },
    async ({ body: input, caller: { companyId }, id: requestId }) => {
      return validatePost(deps, { companyId, requestId, input });
    },
  );
};
