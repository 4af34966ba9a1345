/** How LinkedIn reads its "little text": what readers see, and where a reserved character that is not escaped cuts it. */

const element =
  /\\(?<escaped>[|{}@[\]()<>#\\*_~])|\{hashtag\|\\?#\|(?<template>(?:\\.|[^}\\])*)\}|@\[(?<name>(?:\\.|[^\]\\])*)\]\(urn:li:(?:person|organization):[\w-]+\)|#(?<tag>[\p{L}\p{N}\p{M}]+)|(?<plain>[^|{}@[\]()<>#\\*_~]+)/uy;

export function shownText(commentary: string): string {
  let shown = "";
  let at = 0;
  while (at < commentary.length) {
    element.lastIndex = at;
    const found = element.exec(commentary);
    if (found === null) return shown;
    const { escaped, template, name, tag, plain = "" } = found.groups ?? {};
    if (template !== undefined) shown += `#${unescape(template)}`;
    else if (tag === undefined) shown += escaped ?? (name === undefined ? plain : unescape(name));
    else shown += `#${tag}`;
    at += found[0].length;
  }
  return shown;
}

function unescape(text: string): string {
  return text.replace(/\\(.)/gu, "$1");
}
