/** Sending many posts again: choose, see how many and which, confirm, and know what came of it. */
import { useEffect, useState } from "preact/hooks";
import type { RedrivePreview } from "../api/answers.ts";
import { call, type Answer } from "../api/client.ts";
import { CategoryField, CompanyField, AccountField, PlatformField, TimeFields } from "../parts/filter-fields.tsx";
import { FilterForm } from "../parts/filter-form.tsx";
import { RedriveConfirmation } from "../parts/redrive-confirmation.tsx";
import { useMayAct } from "../session.ts";
import type { Place } from "../routes.ts";

const parameters = ["status", "companyId", "socialAccountId", "platform", "category", "from", "to"] as const;

export function RedriveView({ place, platforms }: { place: Place; platforms: readonly string[] }) {
  const { query } = place;
  const mayAct = useMayAct();
  const [turn, setTurn] = useState(0);
  const filter: Record<string, string> = {};
  for (const name of parameters) {
    const value = query.get(name);
    if (value !== null) filter[name] = value;
  }
  const text = JSON.stringify(filter);
  const preview = usePreview(mayAct ? text : null, turn);
  return (
    <>
      <h1 tabIndex={-1}>Send posts again</h1>
      <p>
        Failed and missed posts become due again, each account's at a pace of your choice. Posts that may be out already
        (unconfirmed) are left out.
      </p>
      <FilterForm label="Which posts" place={place}>
        <label>
          State
          <select name="status">
            <option value="">failed or missed</option>
            {["failed", "missed"].map((status) => (
              <option key={status} selected={query.get("status") === status}>
                {status}
              </option>
            ))}
          </select>
        </label>
        <PlatformField query={query} platforms={platforms} />
        <CategoryField query={query} />
        <CompanyField query={query} />
        <AccountField query={query} />
        <TimeFields query={query} />
      </FilterForm>
      {!mayAct ? (
        <p class="told">A viewer looks and changes nothing: log in as operator to send posts again.</p>
      ) : (
        <Preview preview={preview} filter={filter} onAgain={() => setTurn(turn + 1)} key={text} />
      )}
    </>
  );
}

interface PreviewProps {
  preview: Answer<RedrivePreview> | null;
  filter: Readonly<Record<string, string>>;
  onAgain(): void;
}

function Preview({ preview, filter, onAgain }: PreviewProps) {
  if (preview === null) return <p class="empty">Counting …</p>;
  if (!preview.ok) {
    return (
      <p class="told bad" role="alert">
        The posts cannot be counted. {preview.message} <button onClick={onAgain}>Try again</button>
      </p>
    );
  }
  return <RedriveConfirmation preview={preview.body} filter={filter} onAgain={onAgain} />;
}

/** Counted anew with every filter and every turn; null: it is being counted, or nobody asks. */
function usePreview(filter: string | null, turn: number): Answer<RedrivePreview> | null {
  const [state, setState] = useState<{ filter: string; answer: Answer<RedrivePreview> } | null>(null);
  useEffect(() => {
    if (filter === null) return;
    const controller = new AbortController();
    const body = { filter: JSON.parse(filter) as object };
    call<RedrivePreview>("POST", "/v1/operator/redrive/preview", { body, signal: controller.signal })
      .then((answer) => setState({ filter, answer }))
      .catch(() => {});
    return () => controller.abort();
  }, [filter, turn]);
  return state?.filter === filter ? state.answer : null;
}
