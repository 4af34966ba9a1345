/** LinkedIn's own words: who can be an author, what a post's id looks like, who may see a post. */

export const authorPattern = /^urn:li:(?:person:[A-Za-z0-9_-]{1,100}|organization:[0-9]{1,20})$/;
const postUrn = /urn:li:(?:share|ugcPost|activity):[0-9]{1,30}/;

export const visibilities = ["PUBLIC", "CONNECTIONS", "LOGGED_IN"] as const;

export function isOrganization(author: string): boolean {
  return author.startsWith("urn:li:organization:");
}

/** The post a text of LinkedIn's names, if it does. */
export function namedPost(text: string): string | undefined {
  return postUrn.exec(text)?.[0];
}

/** Where people read a post; that of a sandbox account is on the sandbox's feed. */
export function postUrl(urn: string, author: string, sandboxUrl: string | null): string {
  if (sandboxUrl === null) return `https://www.linkedin.com/feed/update/${urn}/`;
  return new URL(`/feed/linkedin/${encodeURIComponent(author)}/${encodeURIComponent(urn)}`, sandboxUrl).href;
}
