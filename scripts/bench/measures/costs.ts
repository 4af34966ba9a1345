/** What one post costs in statements and commands: they weigh the same on any machine, however busy. */
import type { CommandCounts } from "../command-counts.ts";
import { costsOfBare, costsOfPunctual, type Observation } from "../cost-of-a-post.ts";
import { during, measure } from "../measure.ts";
import { startBare, startPunctual } from "../publishing.ts";
import type { Stage } from "../stage.ts";

/** Less per post than this is somebody else's. */
const tellingCount = 0.05;

export const costs = measure(
  "costs",
  {
    punctual: (stage) =>
      during(
        () => startPunctual(stage, { counted: true }),
        async (side) => {
          const { scheduling, publishing } = await costsOfPunctual(stage, side);
          tell(stage, "schedule", scheduling);
          tell(stage, "publish", publishing);
          return {
            scheduleStatements: perPost(stage, callsOf(scheduling)),
            publishStatements: perPost(stage, callsOf(publishing)),
            scheduleRedisCommands: perPost(stage, Object.values(scheduling.commands)),
            publishRedisCommands: perPost(stage, Object.values(publishing.commands)),
          };
        },
      ),
    bare: (stage) =>
      during(
        () => startBare(stage),
        async (side) => {
          const { scheduling, publishing } = await costsOfBare(stage, side);
          tellCommands(stage, "publish a job of bare BullMQ", publishing);
          return {
            scheduleRedisCommands: perPost(stage, Object.values(scheduling)),
            publishRedisCommands: perPost(stage, Object.values(publishing)),
          };
        },
      ),
  },
  { repetitionsMax: 1 },
);

function callsOf({ statements }: Observation): number[] {
  return statements.map(({ calls }) => calls);
}

function perPost(stage: Stage, counts: readonly number[]): number {
  return counts.reduce((sum, calls) => sum + calls, 0) / stage.sizes.costs.posts;
}

function tell(stage: Stage, what: string, { statements, commands }: Observation): void {
  const { posts } = stage.sizes.costs;
  const telling = statements.filter(({ calls }) => calls / posts >= tellingCount);
  stage.remember(
    `SQL statements to ${what} a post`,
    telling.map(({ query, calls, meanMs }) => `${(calls / posts).toFixed(2)}  ${meanMs.toFixed(3)} ms  ${query}`),
  );
  tellCommands(stage, `${what} a post`, commands);
}

function tellCommands(stage: Stage, what: string, commands: CommandCounts): void {
  const { posts } = stage.sizes.costs;
  const telling = Object.entries(commands)
    .filter(([, calls]) => calls / posts >= tellingCount)
    .toSorted(([, a], [, b]) => b - a)
    .map(([name, calls]) => `${name} ${(calls / posts).toFixed(2)}`);
  stage.remember(`Redis commands to ${what}`, [telling.join(", ")]);
}
