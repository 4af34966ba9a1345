/** What `npm start` tells once everything runs: where things are, and a line to paste. */
import { demoWebhookAccountId } from "../demo-accounts.ts";
import type { InstallationFacts } from "./installation.ts";
import type { Terminal } from "./terminal.ts";

/** @param dataDirectory as people would write it */
export function banner(facts: InstallationFacts, dataDirectory: string, { bold, dim }: Terminal): string {
  const { apiUrl, workerUrl, sandboxUrl, apiKey, operatorPassword } = facts;
  const rows = [
    ["API", apiUrl, `key ${apiKey}`],
    ["Dashboard", `${apiUrl}/`, `user operator, password ${operatorPassword}`],
    ["Queues", `${apiUrl}/queues`, "the same"],
    ["Feeds", `${sandboxUrl}/`, "what readers see, network by network"],
    ["Health", `${apiUrl}/readyz`, `worker ${workerUrl}/readyz`],
    ["Files", `${dataDirectory}/`, "data, logs/, and all of the above in dev.json"],
  ];
  const width = Math.max(...rows.map(([, address = ""]) => (address.length > 48 ? 0 : address.length)));
  return [
    "",
    `  ${bold("Punctual is running.")} Ctrl-C stops it, the data stays.`,
    "",
    ...rows.map(([name = "", address = "", note = ""]) =>
      `  ${dim(name.padEnd(9))} ${address.padEnd(width)}  ${dim(note)}`.trimEnd(),
    ),
    "",
    "  Schedule a post of your own, ten seconds ahead, from another terminal:",
    "",
    curlLine(facts),
    "",
  ].join("\n");
}

/** Ready to paste into any shell: the instant is computed when it runs. */
export function curlLine({ apiUrl, apiKey }: { apiUrl: string; apiKey: string }): string {
  const inTenSeconds = `'"$(node -p 'new Date(Date.now()+10000).toISOString()')"'`;
  return [
    `curl -sS ${apiUrl}/v1/posts -H "authorization: Bearer ${apiKey}" -H "content-type: application/json" \\`,
    `  -d '{"socialAccountId":"${demoWebhookAccountId}","text":"Hello from curl","scheduledAt":"${inTenSeconds}"}'`,
  ].join("\n");
}
