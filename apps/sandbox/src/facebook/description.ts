/** Posts and videos as the Graph API describes them, with the fields that were asked for. */
import type { PagePost, Video } from "./state.ts";

type Fields = Readonly<Record<string, unknown>>;

export function describePost(post: PagePost, fields: readonly string[]): Fields {
  const { id, content, isPublished, publishedAtMs, url } = post;
  return pick(fields, {
    id,
    ...(content.text === "" ? {} : { message: content.text }),
    created_time: metaTime(publishedAtMs),
    permalink_url: url,
    is_published: isPublished,
    ...attachments(post),
  });
}

/** An upload that was not finished in time is gone. */
export function isExpired({ publishedAtMs, startedAtMs }: Video, nowMs: number): boolean {
  return publishedAtMs === null && nowMs - startedAtMs >= uploadLifeMs;
}

const uploadLifeMs = 86_400_000;

/** Looking at it makes it get on. */
export function describeVideo(video: Video, fields: readonly string[], nowMs: number): Fields {
  const { id, bytes, received, publishedAtMs, url } = video;
  const uploaded = bytes > 0 && received >= bytes;
  const settled = publishedAtMs !== null && video.looksLeft === 0;
  if (publishedAtMs !== null && video.looksLeft > 0 && fields.includes("status")) video.looksLeft -= 1;
  const phase = publishedAtMs === null ? "not_started" : settled ? "complete" : "in_progress";
  return pick(fields, {
    id,
    ...(publishedAtMs === null ? {} : { permalink_url: url }),
    status: {
      video_status: isExpired(video, nowMs) ? "expired" : settled ? "ready" : uploaded ? "processing" : "uploading",
      uploading_phase: { status: uploaded ? "complete" : "in_progress" },
      processing_phase: { status: phase },
      publishing_phase: {
        status: phase,
        ...(settled ? { publish_status: "published", publish_time: metaTime(publishedAtMs) } : {}),
      },
    },
  });
}

/** As Meta writes instants. */
export function metaTime(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}+0000`;
}

function pick(fields: readonly string[], all: Fields): Fields {
  return Object.fromEntries(Object.entries(all).filter(([name]) => name === "id" || fields.includes(name)));
}

/** One picture is an attachment by itself, several are the parts of one. */
function attachments({ photoIds, content }: PagePost): Fields {
  const targets = photoIds.map((id) => ({ target: { id } }));
  if (targets.length > 1) {
    return { attachments: { data: [{ media_type: "album", subattachments: { data: targets } }] } };
  }
  if (targets.length === 1) return { attachments: { data: [{ media_type: "photo", ...targets[0] }] } };
  if (content.link === null) return {};
  return { attachments: { data: [{ media_type: "link", unshimmed_url: content.link }] } };
}
