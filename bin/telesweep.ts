import { leadsToJournal, withPriority } from '../src/process/journal.ts';

const defect = 70;
const interrupted = 75;
const wrongSettings = 78;

// Cron mails every line: what a package will drop one day (pg: .pgpass) is for us to read, not for an operator.
process.noDeprecation = true;

// With it, the packages that talk to a proxy print whole requests on stderr: its password and the bot's token.
delete process.env.DEBUG;

// A closed pipe (`telesweep … 2>&1 | head`) must not turn a good pass into a bad one. Whoever writes to stdout sees to it there.
process.stderr.on('error', () => {});

const stderr = Object.assign(process.stderr, { isJournal: leadsToJournal(2, process.env) });

const failed = async (error: unknown): Promise<void> => {
  const { describeDefect } = await import('../src/process/defect.ts');
  process.stderr.write(withPriority(stderr, 'error', `telesweep: ${describeDefect(error)}\n`));
};
// Node itself would print the error as it is, secrets and all, and exit with 1, which means something else here.
process.on('uncaughtException', (error) => {
  void failed(error).finally(() => process.exit(defect));
});

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
process.on('SIGHUP', onSignal);

// A Node that lacks something would call it a defect. The same as `engines` of package.json.
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
const isTooOld = major < 20 || (major === 20 && minor < 19);
const refuse = async (): Promise<number> => {
  process.stderr.write(
    withPriority(stderr, 'error', `telesweep: needs Node.js 20.19 or later, this is ${process.versions.node}\n`),
  );
  return wrongSettings;
};

// Imported late, so that what happens while it loads is told as above.
const run = (): Promise<number> =>
  import('../src/cli/main.ts').then(({ main }) =>
    main({
      argv: process.argv.slice(2),
      env: process.env,
      // Made with its first use, which a quiet pass does without: 0.8 ms.
      get stdout() {
        return process.stdout;
      },
      stderr,
      get stdin() {
        return process.stdin;
      },
      program: { node: process.execPath, script: process.argv[1] ?? '' },
      signal: signalled.signal,
    }),
  );

(isTooOld ? refuse() : run()).then(
  (code) => {
    process.exitCode = code;
  },
  async (error: unknown) => {
    await failed(error);
    process.exitCode = defect;
  },
);
