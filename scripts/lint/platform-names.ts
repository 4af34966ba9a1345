/**
 * A platform is known by name in its own folder, in the registry line and in its sandbox; everything else treats all
 * platforms alike. A name anywhere else is a special case that the next platform will not get. Samples in schemas
 * (`examples`) decide nothing and may be of one platform.
 */
import { identifierName, isTest, type Node, pathInCheckout, type Rule, stringValue } from "./rule.ts";

const names = "facebook|instagram|linkedin|mastodon|bluesky";
const inIdentifiers = new RegExp(names, "i");
const inText = new RegExp(`\\b(${names})`, "i");
/** "webhook" is a word of its own too (our webhook endpoints), so only its use as a platform's name counts. */
const webhookPlatform = /^(publish-)?webhook$|(^|\/)webhook\//;

const allowed = [/^packages\/platforms\/src\/(index|registry)\.ts$/, /^apps\/sandbox\//, /^packages\/testing\//];

export const platformNames: Rule = {
  create(context) {
    const file = pathInCheckout(context);
    const ownFolder = /^packages\/platforms\/src\/([a-z]+)\//.test(file);
    const fenced = /^(packages|apps)\//.test(file) && !isTest(file) && !ownFolder;
    if (!fenced || allowed.some((pattern) => pattern.test(file))) return {};
    const report = (node: Node, name: string) =>
      context.report({
        node,
        message: `"${name}" names a platform outside its folder, its registry line and its sandbox: let the platform say through its port what is special about it.`,
      });
    let samples = 0;
    const isSample = (node: Node) => identifierName(node["key"]) === "examples";
    return {
      Property: (node) => void (isSample(node) && (samples += 1)),
      "Property:exit": (node) => void (isSample(node) && (samples -= 1)),
      Literal: (node) => {
        if (samples > 0) return;
        const text = stringValue(node);
        if (text !== undefined && (inText.test(text) || webhookPlatform.test(text))) report(node, text);
      },
      TemplateElement: (node) => {
        const { cooked } = node["value"] as { cooked: string | null };
        if (cooked !== null && inText.test(cooked)) report(node, cooked);
      },
      Identifier: (node) => {
        const name = node["name"] as string;
        if (inIdentifiers.test(name)) report(node, name);
      },
    };
  },
};
