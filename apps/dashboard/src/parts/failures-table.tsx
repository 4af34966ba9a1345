/** Which attempts failed, by why and where; each figure leads to the posts. */
import type { Overview } from "../api/answers.ts";
import { withQuery } from "../api/client.ts";
import { categories, categoryMeaning, count, plain } from "../wording.ts";
import { Link } from "./link.tsx";
import { Empty } from "./shown.tsx";

export function FailuresTable({ failures }: { failures: Overview["failures"] }) {
  if (failures.length === 0) return <Empty>No attempt failed.</Empty>;
  const platforms = [...new Set(failures.map(({ platform }) => platform))].toSorted();
  const counts = new Map(failures.map(({ platform, category, count24h }) => [`${platform} ${category}`, count24h]));
  const seen = new Set(failures.map(({ category }) => category));
  return (
    <div class="scrolls" tabIndex={0} role="region" aria-label="Failed attempts by category and platform">
      <table>
        <thead>
          <tr>
            <th scope="col">Why</th>
            {platforms.map((platform) => (
              <th key={platform} scope="col" class="number">
                {platform}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {categories
            .filter((category) => seen.has(category))
            .map((category) => (
              <tr key={category}>
                <th scope="row">
                  {plain(category)} <span class="note">{categoryMeaning[category]}</span>
                </th>
                {platforms.map((platform) => (
                  <td key={platform} class="number">
                    <Figure value={counts.get(`${platform} ${category}`)} platform={platform} category={category} />
                  </td>
                ))}
              </tr>
            ))}
        </tbody>
      </table>
    </div>
  );
}

function Figure({ value, platform, category }: { value: number | undefined; platform: string; category: string }) {
  if (value === undefined) return <span class="note">–</span>;
  return (
    <Link
      href={withQuery("/posts", { platform, category })}
      aria-label={`${count(value)}: posts on ${platform}, ${plain(category)}`}
    >
      {count(value)}
    </Link>
  );
}
