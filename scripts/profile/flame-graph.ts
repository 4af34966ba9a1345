/**
 * Flame graphs, drawn by speedscope (https://github.com/jlfwong/speedscope), the usual viewer of CPU profiles: its own
 * page in a browser of ours, without a network. It is fetched when it is needed, since nothing else needs it, and held
 * to the checksum below.
 */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { findChromium } from "@punctual/testing";

const version = "1.25.0";
const sha512 = "cpf9HWTZf1ijLXBJrk87Ve/54tnYx6rlf0gUThvn3ook6h63hLXVOQiMf44PT+XoV503cPfvfiT5gP5vojp6Ag==";
/** How anybody looks at a profile who wants to move around in it. */
export const viewCommand = `npx speedscope@${version}`;

const size = { width: 1_600, height: 780 };
const drawTimeoutMs = 60_000;

export interface FlameGraph {
  title: string;
  /** A `.cpuprofile`. */
  profile: string;
  /** Where the picture goes. */
  picture: string;
}

/**
 * @param directory where speedscope is unpacked
 * @returns why there are no pictures; null: there are
 */
export async function drawFlameGraphs(graphs: readonly FlameGraph[], directory: string): Promise<string | null> {
  const executablePath = findChromium();
  if (executablePath === null) return "there is no Chromium here";
  let page: string;
  try {
    page = fetchSpeedscope(directory);
  } catch (error) {
    return `speedscope could not be fetched: ${(error as Error).message}`;
  }
  const { chromium } = await import("playwright-core");
  // It draws with WebGL, which runs on the processor where there is no other.
  const browser = await chromium.launch({
    executablePath,
    args: ["--no-sandbox", "--disable-background-networking", "--disable-dev-shm-usage", "--enable-unsafe-swiftshader"],
  });
  try {
    for (const { title, profile, picture } of graphs) {
      const tab = await browser.newPage({ viewport: size });
      // The way in of its own command line: a script that hands the profile over.
      const script = path.join(directory, `${path.basename(profile)}.js`);
      const content = JSON.stringify(readFileSync(profile).toString("base64"));
      writeFileSync(
        script,
        `speedscope.loadFileFromBase64(${JSON.stringify(title)}, ${content});\nwindow.given = true;`,
      );
      const hash = `localProfilePath=${script}&view=left-heavy&title=${encodeURIComponent(title)}`;
      await tab.goto(`${pathToFileURL(page).href}#${hash}`);
      await tab.waitForFunction("window.given === true && document.title !== 'speedscope'", undefined, {
        timeout: drawTimeoutMs,
      });
      await tab.evaluate("new Promise((drawn) => requestIdleCallback(drawn, { timeout: 2000 }))");
      await tab.waitForTimeout(500);
      await tab.screenshot({ path: picture });
      await tab.close();
    }
    return null;
  } finally {
    await browser.close();
  }
}

/** @returns the path of its page */
function fetchSpeedscope(directory: string): string {
  mkdirSync(directory, { recursive: true });
  const npm = process.platform === "win32" ? "npm.cmd" : "npm";
  const file = execFileSync(npm, ["pack", `speedscope@${version}`, "--silent"], { cwd: directory })
    .toString()
    .trim();
  const archive = path.join(directory, path.basename(file));
  const found = createHash("sha512").update(readFileSync(archive)).digest("base64");
  if (found !== sha512) throw new Error(`what came is not version ${version}`);
  execFileSync("tar", ["-xzf", archive, "-C", directory]);
  return path.join(directory, "package/dist/release/index.html");
}
