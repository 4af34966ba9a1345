/** What is posted, in LinkedIn's own form. The same post and uploads give the same bytes. */
import type { PostContent } from "@punctual/core";
import { linkedinLimits } from "./limits.ts";
import { littleText } from "./little-text.ts";

/** Media that was handed over to LinkedIn. */
export interface Upload {
  kind: "image" | "video";
  urn: string;
}

/** @param uploads one for each media item, in their order */
export function postBody(author: string, post: PostContent, uploads: readonly Upload[]) {
  const { visibility = "PUBLIC", disableReshare = false } = post.options;
  const content = contentOf(post, uploads);
  return {
    author,
    commentary: littleText(post.text),
    visibility,
    distribution: { feedDistribution: "MAIN_FEED", targetEntities: [], thirdPartyDistributionChannels: [] },
    ...(content === null ? {} : { content }),
    lifecycleState: "PUBLISHED",
    isReshareDisabledByAuthor: disableReshare,
  };
}

function contentOf({ link, options, media }: PostContent, uploads: readonly Upload[]) {
  const [first] = uploads;
  if (link !== null) {
    const { linkTitle = hostOf(link), linkDescription } = options;
    return {
      article: {
        source: link,
        title: linkTitle,
        ...(linkDescription === undefined ? {} : { description: linkDescription }),
        ...(first === undefined ? {} : { thumbnail: first.urn }),
      },
    };
  }
  const described = uploads.map(({ urn }, index) => {
    const alt = media[index]?.alt;
    return { id: urn, ...(alt === undefined ? {} : { altText: alt }) };
  });
  if (described.length > 1) return { multiImage: { images: described } };
  return described[0] === undefined ? null : { media: described[0] };
}

/** LinkedIn reads nothing off the page itself; an article must have a title. */
function hostOf(link: string): string {
  return (URL.canParse(link) ? new URL(link).hostname : link).slice(0, linkedinLimits.linkTitleCharactersMax);
}
