import type { Overview } from "../api/answers.ts";
import { serviceTone } from "../wording.ts";
import { Sign } from "./sign.tsx";

const titles = {
  postgres: "Postgres",
  redis: "Redis",
  retry: "Retries",
  maintenance: "Maintenance",
} as const satisfies Record<keyof Overview["services"], string>;

/** What everything stands on, and what runs beside the publishing. */
export function Services({ services }: { services: Overview["services"] }) {
  return (
    <dl class="services">
      {(Object.keys(titles) as (keyof typeof titles)[]).map((name) => {
        const { state, detail } = services[name];
        return (
          <div key={name}>
            <dt>{titles[name]}</dt>
            <dd>
              <Sign tone={serviceTone[state]}>{state}</Sign> <span class="note">{detail}</span>
            </dd>
          </div>
        );
      })}
    </dl>
  );
}
