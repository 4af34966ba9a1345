/** What a reader sees of a post, taken from whatever JSON a platform's protocol carries it in. */

export interface Content {
  text: string;
  media: readonly { url: string; alt: string | null }[];
  link: string | null;
  /** What the link's card shows, where the sender makes it. */
  card?: { title: string; description: string; imageUrl: string | null };
  /** What readers see before they agree to see the post. */
  warning?: string;
  /** What else a reader would notice, such as who may see it. */
  notes?: readonly string[];
  /** The instant the post was meant for, if its sender says so; RFC 3339. */
  scheduledAt: string | null;
}

/** Reads the fields of a post in Punctual's own shape; what is missing or of another type is left out. */
export function readContent(value: unknown): Content {
  const { text, media, link, scheduledAt } = fieldsOf(value);
  return {
    text: typeof text === "string" ? text : "",
    media: Array.isArray(media) ? media.flatMap(readMediaItem) : [],
    link: typeof link === "string" ? link : null,
    scheduledAt: typeof scheduledAt === "string" && !Number.isNaN(Date.parse(scheduledAt)) ? scheduledAt : null,
  };
}

/** The properties of a parsed JSON value, none if it is not an object. */
export function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
}

function readMediaItem(item: unknown): Content["media"] {
  const { url, alt } = fieldsOf(item);
  return typeof url === "string" ? [{ url, alt: typeof alt === "string" ? alt : null }] : [];
}
