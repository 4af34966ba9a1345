/** Says aloud when the installation's state changes, and shows it in the title of the tab; the rest may tick silently. */
import { useEffect, useState } from "preact/hooks";
import type { Overview } from "../api/answers.ts";

export function StateAnnouncer({ overview }: { overview: Overview | null }) {
  const [said, setSaid] = useState("");
  const state = overview?.state ?? null;
  const reasons = overview?.reasons.map(({ message }) => message).join(" ") ?? "";

  useEffect(() => {
    if (state === null) return;
    document.title = state === "healthy" ? "Punctual" : `${state === "down" ? "✕ down" : "! degraded"} · Punctual`;
    setSaid(`The installation is ${state}. ${reasons}`);
  }, [state, reasons]);

  return (
    <p class="unseen" aria-live="polite">
      {said}
    </p>
  );
}
