/**
 * Keeps an open page fresh: fetches it every few seconds and exchanges its content if that changed. It leaves the
 * page alone while a person has paused it, selects text in it or walks through it with the keyboard.
 */
export const refreshScript = `
"use strict";
const everyMs = 2000;
const main = document.querySelector("main");
const freshness = document.querySelector("#freshness");
const button = document.querySelector("#pause");
let paused = false;
let shown = null;

function say(text) {
  if (freshness.textContent !== text) freshness.textContent = text;
}

function busy() {
  const selection = getSelection();
  const selecting = !selection.isCollapsed && main.contains(selection.anchorNode);
  return paused || document.hidden || selecting || main.querySelector(":focus-visible") !== null;
}

async function refresh() {
  const answer = await fetch(location.href, { signal: AbortSignal.timeout(5000) });
  // Only the content is parsed: the rest of the page carries a nonce that is not this page's.
  const [, content] = /<main[^>]*>([^]*)<\\/main>/.exec(await answer.text());
  if (busy()) return;
  if (content !== shown) main.replaceChildren(...new DOMParser().parseFromString(content, "text/html").body.childNodes);
  shown = content;
  say("Live");
}

button.hidden = false;
button.addEventListener("click", () => {
  paused = !paused;
  button.setAttribute("aria-pressed", String(paused));
  say(paused ? "Paused" : "Live");
});
setInterval(() => {
  if (!busy()) refresh().catch(() => say("Sandbox not reached"));
}, everyMs);
`;
