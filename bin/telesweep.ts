#!/usr/bin/env node
import { main } from '../src/cli.ts';

const defect = 70;
const interrupted = 75;

// Cron mails every line: what a package will drop one day (pg: .pgpass) is for us to read, not for an operator.
process.noDeprecation = true;

// A closed pipe (`telesweep … | head`) must not turn a good pass into a bad one.
process.stdout.on('error', () => {});
process.stderr.on('error', () => {});

const signalled = new AbortController();
const leave = (): never => process.exit(interrupted);
const onSignal = (): void => {
  if (signalled.signal.aborted) leave();
  signalled.abort();
  // Whatever hangs: a signal ends the process within 10 s.
  setTimeout(leave, 9_500).unref();
};
process.on('SIGTERM', onSignal);
process.on('SIGINT', onSignal);

main({
  argv: process.argv.slice(2),
  env: process.env,
  stdout: process.stdout,
  stderr: process.stderr,
  signal: signalled.signal,
}).then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    process.stderr.write(`telesweep: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = defect;
  },
);
