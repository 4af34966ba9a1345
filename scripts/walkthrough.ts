/**
 * Types what the documents tell a newcomer to type, against an installation started for it: the commands of README.md
 * and docs/start.md, word for word but for addresses, and the commands that run single parts. The first one that fails
 * ends it with exit code 1.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { launchApp, until } from "@punctual/testing";
import { npmStart, type DevFile } from "./smoke/started.ts";

const root = path.dirname(import.meta.dirname);
const scratch = mkdtempSync(path.join(tmpdir(), "punctual-walkthrough-"));
const dataDirectory = path.join(scratch, "data");
const commandTimeoutMs = 120_000;

const installation = await npmStart(root, dataDirectory);
try {
  const { dev } = installation;
  for (const document of ["README.md", "docs/start.md"]) {
    for (const [index, block] of shellBlocks(document).entries()) {
      const answer = run("bash", ["-euo", "pipefail", "-c", adapt(block, dev)], dev);
      await checkScheduled(dev, answer);
      console.log(`ok  ${document}, commands ${index + 1}`);
    }
  }
  for (const script of ["db:migrate", "db:seed"]) {
    run("npm", ["run", script], dev);
    console.log(`ok  npm run ${script}`);
  }
  for (const app of ["api", "worker", "sandbox"] as const) {
    const joined = await launchApp(app, dev.env);
    joined.kill("SIGTERM");
    const { code } = await joined.exited;
    if (code !== 0) throw new Error(`${app} ended with ${code} when told to stop:\n${joined.output()}`);
    console.log(`ok  node apps/${app}/src/main.ts joins in, and stops when told to`);
  }
  installation.interrupt();
  await installation.exited;
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 1;
} finally {
  installation.killGroup();
  rmSync(scratch, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 });
}

/** Blocks marked `sh`, but for those that start and test the whole: other steps of CI do that. */
function shellBlocks(document: string): string[] {
  const text = readFileSync(path.join(root, document), "utf8");
  const blocks = [...text.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, block = ""]) => block);
  return blocks.filter((block) => !/^npm (start|test)\n$/.test(block));
}

/** The documents speak of the usual data directory and port, which may be in use here. */
function adapt(block: string, { apiUrl }: DevFile): string {
  return block
    .replaceAll('".data/dev.json"', `"${dataDirectory}/dev.json"`)
    .replaceAll("http://127.0.0.1:3000", apiUrl);
}

function run(command: string, commandArguments: readonly string[], dev: DevFile): string {
  const { status, stdout, stderr } = spawnSync(command, commandArguments, {
    cwd: root,
    encoding: "utf8",
    timeout: commandTimeoutMs,
    env: { ...process.env, ...dev.env, DATA_DIR: dataDirectory },
  });
  if (status === 0) return stdout;
  throw new Error(`${commandArguments.join(" ")}\nended with ${status}:\n${stdout}${stderr}`);
}

/** A command that answers with a post due soon has scheduled it: it must leave. */
async function checkScheduled({ apiUrl, apiKey }: DevFile, answer: string): Promise<void> {
  const post = parsePost(answer);
  if (post === null || Date.parse(post.scheduledAt) > Date.now() + commandTimeoutMs) return;
  await until(
    `post ${post.id} is published`,
    async () => {
      const response = await fetch(`${apiUrl}/v1/posts/${post.id}`, { headers: { authorization: `Bearer ${apiKey}` } });
      return ((await response.json()) as { status: string }).status === "published";
    },
    { timeoutMs: commandTimeoutMs },
  );
}

function parsePost(answer: string): { id: string; scheduledAt: string } | null {
  if (!answer.startsWith("{")) return null;
  try {
    const { id, status, scheduledAt } = JSON.parse(answer) as Record<string, string>;
    return id !== undefined && scheduledAt !== undefined && status === "scheduled" ? { id, scheduledAt } : null;
  } catch {
    return null;
  }
}
