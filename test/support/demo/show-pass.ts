/** Shows a pass as a person would read its log's last line. */
import { formatCount, formatDuration } from '../../../src/output/format.ts';
import type { RunResult } from '../run.ts';
import type { Stage } from './stage.ts';

/** Runs a job as cron would, and shows its command, then its result. */
export async function runPass(
  stage: Stage,
  job: string,
  remark: string,
  env: Record<string, string> = {},
): Promise<RunResult> {
  stage.screen.command(`telesweep ${job}`, remark);
  const pass = await stage.telesweep([job], env);
  showPass(stage, pass);
  return pass;
}

function showPass({ screen }: Stage, pass: RunResult): void {
  const { summary, code, signal } = pass;
  if (summary === undefined) {
    screen.line(`  no summary; exit ${code ?? signal}\n${pass.stderr}`);
    return;
  }
  const { job, stop_reason, duration_ms, telegram } = summary;
  screen.line(`  ${lastMessage(pass)}`);
  const counts = Object.entries(summary.counts).filter(([, n]) => n > 0);
  screen.words(counts.map(([key, n]) => `${key} ${formatCount(n)}`));
  const remark = code === 1 ? ': some were given up' : '';
  const calls = telegram.calls === 0 ? 'no call' : `${formatCount(telegram.calls)} calls`;
  screen.line(`  ${job}: exit ${code}${remark}; ${stop_reason} in ${formatDuration(duration_ms)} with ${calls}`);
}

/** The message of the log's last line: what people grep for. */
function lastMessage({ stderr }: RunResult): string {
  const line: unknown = JSON.parse(stderr.trimEnd().split('\n').at(-1) ?? '{}');
  return typeof line === 'object' && line !== null && 'msg' in line ? String(line.msg) : '';
}
