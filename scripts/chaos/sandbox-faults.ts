/** How the networks misbehave during a run: by chance, from the run's dice, each rule a series of its own. */
import type { Dice } from "./dice.ts";
import type { Fleet } from "./fleet.ts";
import { networkNamed } from "./networks.ts";

interface Rule {
  platform?: string;
  account?: string;
  times?: number;
  stage?: "prepare" | "publish" | "read" | "list";
  probability: number;
  fault: Record<string, unknown> & { kind: string };
}

/** On each platform. What an answer means differs, so does what may be asked of it. */
function rulesFor(platform: string): Rule[] {
  const rules: Rule[] = [
    { probability: 0.02, fault: { kind: "accept_then_reset" } },
    { probability: 0.005, fault: { kind: "accept_then_hang", ms: 6_000 } },
    { probability: 0.01, fault: { kind: "reset" } },
    { probability: 0.003, fault: { kind: "hang", ms: 6_000 } },
    { probability: 0.01, fault: { kind: "status", status: 429, retryAfter: 1 } },
    { probability: 0.01, fault: { kind: "status", status: 503, retryAfter: 1 } },
    { probability: 0.02, fault: { kind: "delay", ms: 700 } },
    { probability: 0.01, fault: { kind: "slow_response", ms: 1_000 } },
    { probability: 0.003, fault: { kind: "garbage", form: "not_http" } },
    { probability: 0.003, fault: { kind: "garbage", form: "invalid_json" } },
    { probability: 0.02, fault: { kind: "status", status: 500 } },
  ];
  // A client's own server that says no means no (contract, section 5), so it must not say so after a yes.
  if (platform !== "webhook") rules.push({ probability: 0.01, fault: { kind: "accept_then_status", status: 500 } });
  // So does a network, if it was never seen to lie.
  const lies = networkNamed.get(platform)?.liesWith4xx ?? platform !== "webhook";
  if (lies) rules.push({ probability: 0.005, fault: { kind: "accept_then_status", status: 403 } });
  return rules.map((rule) => ({ platform, stage: "publish", ...rule }));
}

/** One account of each network whose tokens can be renewed has its own refused, once. */
function refusedTokens({ accounts }: Fleet): Rule[] {
  return [...networkNamed.values()]
    .filter(({ isRenewable }) => isRenewable)
    .flatMap(({ name: platform }) => accounts.find((account) => account.platform === platform) ?? [])
    .map(({ platform, ledgerAccount: account }) => {
      return {
        platform,
        account,
        stage: "publish",
        times: 1,
        probability: 0.2,
        fault: { kind: "status", status: 401 },
      };
    });
}

const lookUpRules: readonly Rule[] = [
  { stage: "prepare", probability: 0.03, fault: { kind: "status", status: 500 } },
  { stage: "prepare", probability: 0.02, fault: { kind: "reset" } },
  { stage: "read", probability: 0.1, fault: { kind: "lookup_fail", status: 500 } },
  { stage: "list", probability: 0.1, fault: { kind: "lookup_fail", status: 503 } },
  { stage: "list", probability: 0.2, fault: { kind: "lookup_lag", ms: 8_000 } },
];

const timesMax = 1_000_000;

export async function commandFaults(fleet: Fleet, platforms: readonly string[], dice: Dice): Promise<void> {
  for (const rule of [...refusedTokens(fleet), ...platforms.flatMap(rulesFor), ...lookUpRules]) {
    await commandFault(fleet.sandboxUrl, { times: timesMax, ...rule, seed: dice.between(0, 0xffffffff) });
  }
}

export async function commandFault(sandboxUrl: string, rule: object): Promise<void> {
  const response = await fetch(new URL("/_control/faults", sandboxUrl), {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(rule),
  });
  if (response.status !== 201) throw new Error(`the sandbox took no fault: ${await response.text()}`);
}

/** Ends all faults. @returns how often each kind was applied */
export async function clearFaults(sandboxUrl: string): Promise<Record<string, number>> {
  const url = new URL("/_control/faults", sandboxUrl);
  const { data } = (await (await fetch(url)).json()) as { data: (Rule & { applied: number })[] };
  await fetch(url, { method: "DELETE" });
  const applied: Record<string, number> = {};
  for (const rule of data) {
    const { status } = rule.fault;
    const kind = typeof status === "number" ? `${rule.fault.kind} ${status}` : rule.fault.kind;
    if (rule.applied > 0) applied[kind] = (applied[kind] ?? 0) + rule.applied;
  }
  return applied;
}
