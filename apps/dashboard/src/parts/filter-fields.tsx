/** The fields that several filters have. */
import { useId } from "preact/hooks";
import type { Account, Named, Page } from "../api/answers.ts";
import { withQuery } from "../api/client.ts";
import { useResource } from "../api/resource.ts";
import { useState } from "preact/hooks";
import { categories, plain } from "../wording.ts";
import { toLocal } from "./filter-form.tsx";

interface FieldProps {
  query: URLSearchParams;
}

export function PlatformField({ query, platforms }: FieldProps & { platforms: readonly string[] }) {
  const chosen = query.get("platform") ?? "";
  const shown = chosen === "" || platforms.includes(chosen) ? platforms : [...platforms, chosen];
  return (
    <label>
      Platform
      <select name="platform">
        <option value="">any</option>
        {shown.map((platform) => (
          <option key={platform} selected={platform === chosen}>
            {platform}
          </option>
        ))}
      </select>
    </label>
  );
}

export function CategoryField({ query }: FieldProps) {
  const chosen = query.get("category") ?? "";
  return (
    <label>
      Failure
      <select name="category">
        <option value="">any</option>
        {categories.map((category) => (
          <option key={category} value={category} selected={category === chosen}>
            {plain(category)}
          </option>
        ))}
      </select>
    </label>
  );
}

export function TimeFields({ query }: FieldProps) {
  return (
    <>
      <label>
        Scheduled from
        <input type="datetime-local" name="from" defaultValue={toLocal(query.get("from"), "minutes")} />
      </label>
      <label>
        until
        <input type="datetime-local" name="to" defaultValue={toLocal(query.get("to"), "minutes")} />
      </label>
    </>
  );
}

export function CompanyField({ query }: FieldProps) {
  const chosen = query.get("companyId") ?? "";
  const companies = useResource<Page<Named>>("/v1/operator/companies?limit=200").body?.data ?? [];
  const isKnown = companies.some(({ id }) => id === chosen);
  return (
    <label>
      Company
      <select name="companyId">
        <option value="">any</option>
        {chosen === "" || isKnown ? null : (
          <option value={chosen} selected>
            {chosen}
          </option>
        )}
        {companies.map(({ id, name }) => (
          <option key={id} value={id} selected={id === chosen}>
            {name}
          </option>
        ))}
      </select>
    </label>
  );
}

/** By id; part of a name offers the accounts that have it. */
export function AccountField({ query }: FieldProps) {
  const listId = useId();
  const [typed, setTyped] = useState("");
  const path = typed.length < 2 ? null : withQuery("/v1/operator/social-accounts", { q: typed, limit: "20" });
  const found = useResource<Page<Account>>(path).body?.data ?? [];
  return (
    <label>
      Account
      <input
        name="socialAccountId"
        list={listId}
        autocomplete="off"
        placeholder="name or id"
        defaultValue={query.get("socialAccountId") ?? ""}
        onInput={(event) => setTyped(event.currentTarget.value.trim())}
      />
      <datalist id={listId}>
        {found.map(({ id, name, platform, company }) => (
          <option key={id} value={id}>{`${name}, ${platform}, ${company.name}`}</option>
        ))}
      </datalist>
    </label>
  );
}
