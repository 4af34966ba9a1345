/** Scheduling while Redis keeps its connections and answers nothing: no request may notice. */
import { startInstallation } from "../installation.ts";
import type { LoadReport } from "../load.ts";
import type { Measure, PartFigures } from "../measure.ts";

export const frozenRedis: Measure = {
  parts: ["frozen-redis"],
  async open(stage) {
    // One process for both: what is compared is its day with and without.
    const installation = await startInstallation(stage, { workers: 0 });
    const { url, tenant } = installation;

    async function load(): Promise<PartFigures> {
      const { connections, warmUpMs } = stage.sizes.scheduling;
      const report = await stage.load.ask<LoadReport>({
        kind: "schedule",
        url,
        apiKey: tenant.apiKey,
        socialAccountId: tenant.socialAccountId,
        connections,
        bulk: null,
        warmUp: { ms: warmUpMs },
        measured: { ms: stage.sizes.frozenRedis.durationMs },
      });
      return { "frozen-redis": { perSecond: report.postsPerSecond, p50Ms: report.p50Ms, p99Ms: report.p99Ms } };
    }

    return {
      sides: {
        healthy: load,
        async frozen() {
          process.kill(stage.redisPid, "SIGSTOP");
          try {
            return await load();
          } finally {
            process.kill(stage.redisPid, "SIGCONT");
            await stage.redis.ping();
          }
        },
      },
      close: () => installation.stop(),
    };
  },
};
