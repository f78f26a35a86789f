/** What must hold for all passes of the demo together. */
import { formatCount } from '../../../src/output/format.ts';
import { type Finding, showFindings } from './section.ts';
import { callsPerSecond, type Stage } from './stage.ts';

/** Shows it. @returns how much of it does not hold */
export function showWhole(stage: Stage): number {
  const { api, passes, secrets, screen } = stage;
  const calls = passes.reduce((sum, { summary }) => sum + (summary?.telegram.calls ?? 0), 0);
  const busiest = api.callsPerWindow(1000);
  const output = passes.map(({ stdout, stderr }) => stdout + stderr).join('');
  const findings: Finding[] = [
    [calls === api.callCount, `the passes report ${formatCount(calls)} calls; Telegram has heard as many`],
    [
      busiest <= callsPerSecond && api.rateLimited === 0,
      `at most ${busiest} calls in any second (Telegram takes ${callsPerSecond}); refused with 429: ${api.rateLimited}`,
    ],
    [!secrets.some((secret) => output.includes(secret)), 'no output holds the token or the password'],
  ];
  screen.heading(`All ${passes.length} passes together`);
  return showFindings(stage, findings);
}
