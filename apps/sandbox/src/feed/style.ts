/** How the feed looks, in one column that fits a telephone, by day and by night. */
export const style = `
:root {
  --page: #f3f2ee; --card: #ffffff; --ink: #1d1c1a; --soft: #5f5b54; --line: #dedbd3;
  --accent: #0b5d52; --good: #e2f0ec; --warn: #8a3b12; --warn-back: #fbe9df;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #141413; --card: #1f1f1d; --ink: #ecebe7; --soft: #a8a49b; --line: #34332f;
    --accent: #7fd1c1; --good: #1b3a34; --warn: #f0b08c; --warn-back: #3d2417;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; background: var(--page); color: var(--ink);
  font: 1rem/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif;
}
body > * { max-width: 44rem; margin-inline: auto; padding-inline: 1rem; }
a { color: var(--accent); text-underline-offset: .15em; }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; border-radius: .2rem; }
main:focus { outline: none; }
.skip { position: absolute; left: -100vw; }
.skip:focus { left: 1rem; top: .5rem; background: var(--card); padding: .5rem 1rem; z-index: 1; }
header { display: flex; flex-wrap: wrap; gap: 0 1rem; justify-content: space-between; align-items: center; padding-block: 1rem .25rem; }
header p { margin: 0; color: var(--soft); }
header a { font-weight: 650; color: var(--ink); text-decoration: none; margin-inline-end: .4rem; }
.live { display: flex; gap: .6rem; align-items: center; font-size: .875rem; }
#freshness::before { content: ""; display: inline-block; width: .55rem; height: .55rem; border-radius: 50%; background: var(--accent); margin-inline-end: .4rem; }
button { font: inherit; color: var(--ink); background: var(--card); border: 1px solid var(--line); border-radius: 2rem; padding: .25rem .9rem; cursor: pointer; }
button[aria-pressed=true] { background: var(--ink); color: var(--page); }
h1 { font-size: 1.5rem; line-height: 1.25; margin: 1rem 0 .25rem; overflow-wrap: anywhere; text-wrap: balance; }
h2 { font-size: 1.1rem; margin: 1.75rem 0 .5rem; }
.lead { color: var(--soft); margin: 0 0 1.25rem; overflow-wrap: anywhere; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: .9rem; padding: 1rem 1.15rem; margin: 0 0 .9rem; }
.card > :first-child { margin-top: 0; }
.card > :last-child { margin-bottom: 0; }
.by { display: flex; flex-wrap: wrap; gap: 0 .5rem; align-items: baseline; margin: 0 0 .5rem; color: var(--soft); font-size: .9rem; }
.by strong { color: var(--ink); font-size: 1rem; overflow-wrap: anywhere; }
.text { white-space: pre-wrap; overflow-wrap: anywhere; font-size: 1.075rem; margin: 0 0 .75rem; }
.attached { list-style: none; margin: 0 0 .75rem; padding: .6rem .8rem; background: var(--page); border-radius: .6rem; overflow-wrap: anywhere; }
.attached li + li { margin-top: .35rem; }
.attached img, .attached video { display: block; max-width: 100%; max-height: 24rem; margin: 0 0 .35rem; border-radius: .4rem; }
.attached small { display: block; color: var(--soft); }
.facts { display: flex; flex-wrap: wrap; gap: .3rem .9rem; margin: 0; padding: .6rem 0 0; border-top: 1px solid var(--line); font-size: .85rem; color: var(--soft); list-style: none; }
.mark { display: inline-block; background: var(--good); color: var(--ink); border-radius: 1rem; padding: .05rem .6rem; }
.mark.bad { background: var(--warn-back); color: var(--warn); }
code { font: .9em ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; overflow-wrap: anywhere; }
.accounts { list-style: none; margin: 0; padding: 0; }
.accounts a { display: block; font-weight: 650; overflow-wrap: anywhere; }
.accounts p { margin: .15rem 0 0; color: var(--soft); font-size: .9rem; overflow-wrap: anywhere; }
.empty { text-align: center; color: var(--soft); padding: 2.5rem 1rem; border-style: dashed; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .875rem; }
th, td { text-align: start; padding: .35rem .9rem .35rem 0; border-bottom: 1px solid var(--line); white-space: nowrap; }
tr:last-child td { border-bottom: 0; }
footer a { white-space: nowrap; }
footer { color: var(--soft); font-size: .85rem; padding-block: .5rem 2rem; }
@media (max-width: 30rem) { .card { padding: .85rem .9rem; } header { padding-block: .75rem 0; } }
`;
