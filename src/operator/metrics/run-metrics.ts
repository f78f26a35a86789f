import type { Job } from '../../job/job.ts';
import { readMetrics } from '../../job/read-metrics.ts';
import { textfileOf, toTextfile } from '../../output/metrics.ts';
import type { Metrics } from '../../output/metrics-sample.ts';
import { renderHealth, renderMetrics } from '../../output/metrics-text.ts';
import { writeTextfile } from '../../output/metrics-textfile.ts';
import { SettingsError, UsageError } from '../../process/errors.ts';
import { exitCodes } from '../../process/exit-code.ts';
import type { World } from '../../process/world.ts';
import type { BotPlace, Settings } from '../../settings/settings.ts';
import { readOnly } from '../../store/connect.ts';
import { runCommand } from '../command.ts';
import { readHealth } from '../health/read-health.ts';
import { type Health, verdicts } from '../health/verdict.ts';

export interface MetricsFlags {
  envFile: string | null;
  bot?: BotPlace | undefined;
  /** A file; true for files in METRICS_TEXTFILE_DIR; false for stdout. */
  output: string | boolean;
  jobs: readonly Job[];
}

/** `telesweep metrics`. Never throws. @returns the exit code */
export function runMetrics({ envFile, bot, output, jobs }: MetricsFlags, world: World): Promise<number> {
  const requires = output === true ? ['METRICS_TEXTFILE_DIR'] : [];
  return runCommand(
    'metrics',
    { envFile, bot, json: false },
    world,
    requires,
    async ({ settings, connection, print }) => {
      const { metrics, health } = await readOnly(connection, async () => ({
        metrics: await readMetrics(connection, settings, jobs),
        health: await readHealth(connection, settings, jobs, jobs),
      }));
      if (output === false) print(whole(metrics, health));
      else if (output === true) await writeAll(metrics, health, settings);
      else {
        const wrong = await writeTextfile(output, whole(metrics, health), metrics.readAt);
        if (wrong !== null) throw new UsageError(`--output: ${wrong}`);
      }
      return exitCodes.ok;
    },
  );
}

function whole(metrics: Metrics, health: readonly Health[]): string {
  return renderMetrics(metrics) + renderHealth(metrics, health, verdicts);
}

/** A job that is idle has a file as well: what it has done before stands there. */
async function writeAll(metrics: Metrics, health: readonly Health[], { metricsDir }: Settings): Promise<void> {
  if (metricsDir === null) return;
  const texts = [
    ...metrics.jobs.map((job) => ({
      file: textfileOf.job({ job: job.job, name: metrics.name }),
      text: renderMetrics({ ...metrics, jobs: [job] }),
    })),
    { file: textfileOf.health(metrics.name), text: renderHealth(metrics, health, verdicts) },
  ];
  const wrong = await Promise.all(texts.map(({ file, text }) => toTextfile(metricsDir, file, text, metrics.readAt)));
  const problems = wrong.filter((problem) => problem !== null);
  if (problems.length > 0) throw new SettingsError(problems);
}
