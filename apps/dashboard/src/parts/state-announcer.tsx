/** Says aloud when the installation's state changes, and shows it in the title of the tab; the rest may tick silently. */
import { useEffect, useState } from "preact/hooks";
import type { Overview } from "../api/answers.ts";

export function StateAnnouncer({ overview }: { overview: Overview | null }) {
  const [said, setSaid] = useState("");
  const state = overview?.state ?? null;
  const reasons = overview?.reasons.map(({ message }) => message).join(" ") ?? "";
  // Their messages count seconds; which ones there are is news.
  const codes = overview?.reasons.map(({ code }) => code).join(" ") ?? "";

  useEffect(() => {
    if (state === null) return;
    document.title = state === "healthy" ? "Punctual" : `${state === "down" ? "✕ down" : "! degraded"} · Punctual`;
    setSaid(`The installation is ${state}. ${reasons}`);
  }, [state, codes]);

  return (
    <p class="unseen" aria-live="polite">
      {said}
    </p>
  );
}
