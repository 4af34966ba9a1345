/** Holds an OpenAPI document to the specification and to what is good custom. */
import { createConfig, lintFromString } from "@redocly/openapi-core";

export interface Finding {
  rule: string;
  message: string;
  /** JSON pointer. */
  where: string;
}

/** @param document as JSON */
export async function lintDocument(document: string): Promise<Finding[]> {
  const config = await createConfig({ extends: ["recommended"], rules: { struct: "error" } });
  const problems = await lintFromString({ source: document, absoluteRef: "openapi.json", config });
  return problems.map(({ ruleId, message, location }) => ({
    rule: ruleId,
    message,
    where: location[0]?.pointer ?? "#/",
  }));
}
