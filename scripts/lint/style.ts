/** The house's style, as far as a machine can tell it. */
import path from "node:path";
import { identifierName, isNode, isTest, type Node, pathInCheckout, type Rule } from "./rule.ts";

const emptyNouns = new Set(["common", "constants", "helper", "helpers", "misc", "shared", "types", "util", "utils"]);

/** A file is a noun and says what it is. */
export const fileNouns: Rule = {
  create(context) {
    const file = pathInCheckout(context);
    const noun = path.basename(file).replace(/(\.test)?\.\w+$/, "");
    return {
      Program: (node) => {
        if (emptyNouns.has(noun)) {
          context.report({ node, message: `"${noun}" says nothing: name the file after the thing it holds.` });
        }
      },
    };
  },
};

/** Factories return plain objects; a class is for an error that somebody catches by name. */
export const onlyErrorClasses: Rule = {
  create(context) {
    const check = (node: Node) => {
      if (identifierName(node["superClass"])?.endsWith("Error") === true) return;
      context.report({ node, message: "Only errors are classes: write a factory that returns a plain object." });
    };
    return { ClassDeclaration: check, ClassExpression: check };
  },
};

/** A test that sleeps is slow on a fast machine and wrong on a slow one. */
export const noSleep: Rule = {
  create(context) {
    if (!isTest(pathInCheckout(context))) return {};
    const message = "Tests never sleep: wait for a named condition with `until`, or move the clock.";
    return {
      ImportDeclaration: (node) => {
        const source = node["source"] as { value: unknown };
        if (source.value === "node:timers/promises") context.report({ node, message });
      },
      NewExpression: (node) => {
        const [executor] = node["arguments"] as unknown[];
        if (identifierName(node["callee"]) !== "Promise" || !isNode(executor)) return;
        const [resolve] = executor["params"] as unknown[];
        if (resolvesByTimer(executor["body"], identifierName(resolve))) context.report({ node, message });
      },
    };
  },
};

/** `setTimeout(resolve, ...)` as the whole body of a promise's executor. */
function resolvesByTimer(body: unknown, resolve: string | undefined): boolean {
  if (!isNode(body) || resolve === undefined) return false;
  const [statement, ...more] = body.type === "BlockStatement" ? (body["body"] as unknown[]) : [body];
  if (more.length > 0 || !isNode(statement)) return false;
  const call = statement.type === "ExpressionStatement" ? statement["expression"] : statement;
  if (!isNode(call) || call.type !== "CallExpression") return false;
  const [callback] = call["arguments"] as unknown[];
  return identifierName(call["callee"]) === "setTimeout" && identifierName(callback) === resolve;
}
