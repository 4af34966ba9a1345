/** How the pages look: one card, by day and by night, on any screen. */
export const style = `
:root {
  --page: #f3f2ee; --card: #ffffff; --ink: #1d1c1a; --soft: #5f5b54; --line: #8d887e;
  --accent: #0b5d52; --on-accent: #ffffff; --warn: #8a3b12; --warn-back: #fbe9df;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #141413; --card: #1f1f1d; --ink: #ecebe7; --soft: #a8a49b; --line: #7b776e;
    --accent: #7fd1c1; --on-accent: #10201d; --warn: #f0b08c; --warn-back: #3d2417;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; background: var(--page); color: var(--ink);
  font: 1rem/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif;
}
main {
  max-width: 32rem; margin: 8vh auto 2rem; padding: 1.5rem 1.75rem 1.75rem;
  background: var(--card); border-radius: .9rem; overflow-wrap: anywhere;
}
h1 { font-size: 1.35rem; line-height: 1.3; margin: 0 0 .75rem; text-wrap: balance; }
p { margin: 0 0 1rem; }
.soft { color: var(--soft); font-size: .9rem; }
.fault { background: var(--warn-back); color: var(--warn); padding: .6rem .8rem; border-radius: .5rem; }
label { display: block; font-weight: 600; margin: 0 0 .25rem; }
input[type=text], input[type=password] {
  width: 100%; font: inherit; color: var(--ink); background: var(--page);
  border: 1px solid var(--line); border-radius: .5rem; padding: .5rem .7rem; margin: 0 0 1rem;
}
fieldset { border: 0; margin: 0 0 1rem; padding: 0; }
legend { font-weight: 600; padding: 0; margin: 0 0 .5rem; }
.choice { display: flex; gap: .6rem; align-items: baseline; font-weight: 400; padding: .45rem 0; margin: 0; }
.actions { display: flex; flex-wrap: wrap; gap: .75rem; margin: 0; }
button, .button {
  font: inherit; font-weight: 600; border: 1px solid var(--accent); border-radius: 2rem; padding: .5rem 1.25rem;
  background: var(--accent); color: var(--on-accent); text-decoration: none; cursor: pointer;
}
button.other { background: transparent; color: var(--ink); border-color: var(--line); }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
`;
