/** packages/core decides and never looks: no clock, no chance, no timers, no environment. It is passed what it needs. */
import { identifierName, isTest, type Node, pathInCheckout, type Rule } from "./rule.ts";

const bannedMembers = new Set(["Date.now", "Math.random", "Temporal.Now", "performance.now", "crypto.randomUUID"]);
const bannedNames = new Set([
  "fetch",
  "process",
  "queueMicrotask",
  "randomBytes",
  "randomInt",
  "randomUUID",
  "setImmediate",
  "setInterval",
  "setTimeout",
]);

export const pureCore: Rule = {
  create(context) {
    const file = pathInCheckout(context);
    if (!file.startsWith("packages/core/") || isTest(file)) return {};
    const report = (node: Node, what: string) =>
      context.report({ node, message: `core may not use ${what}: it is pure; pass the time or the random number in.` });
    return {
      MemberExpression: (node) => {
        const member = `${identifierName(node["object"])}.${identifierName(node["property"])}`;
        if (bannedMembers.has(member)) report(node, member);
      },
      NewExpression: (node) => {
        if (identifierName(node["callee"]) === "Date" && (node["arguments"] as unknown[]).length === 0) {
          report(node, "new Date()");
        }
      },
      CallExpression: (node) => {
        const name = identifierName(node["callee"]);
        if (name === "Date") report(node, "Date()");
        if (name !== undefined && bannedNames.has(name)) report(node, name);
      },
    };
  },
};
