/**
 * Which version of the Graph API is asked for, and where. Meta keeps a version for about two years and then silently
 * answers with the oldest that is left; the header `facebook-api-version` says which one it was.
 * Meta's changelog: v25 lives until 2028-07-29, v24 until 2028-02-18, v23 until 2027-10-08, v22 until 2027-05-20.
 */

export const graphVersionDefault = "v25.0";

export interface GraphAddress {
  /** Without version and trailing slash. */
  base: string;
  version: string;
}

/**
 * @param configured an API address that may end in the version to ask for, such as `https://graph.facebook.com/v26.0`
 * @param usual the platform's own address, if none is configured
 */
export function graphAddress(configured: string | undefined, usual: string): GraphAddress {
  const [, base = "", version = graphVersionDefault] = /^(.*?)(?:\/(v\d+\.\d+))?\/*$/.exec(configured ?? usual) ?? [];
  return { base, version };
}

/** Says once of each pair that another version answers than was asked for. */
export function createVersionWatch(warn: (facts: Record<string, unknown>, message: string) => void) {
  const told = new Set<string>();
  return (platform: string, asked: string, served: string | undefined): void => {
    if (served === undefined || served === asked || told.has(`${asked} ${served}`)) return;
    told.add(`${asked} ${served}`);
    const message = "the platform answers with another version of its API than was asked for";
    warn({ platform, asked, served }, message);
  };
}
