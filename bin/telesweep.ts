import module from 'node:module';

const defect = 70;
const interrupted = 75;

// Cron mails every line: what a package will drop one day (pg: .pgpass) is for us to read, not for an operator.
process.noDeprecation = true;

// With it, the packages that talk to a proxy print whole requests on stderr: its password and the bot's token.
delete process.env.DEBUG;

// A closed pipe (`telesweep … | head`) must not turn a good pass into a bad one.
process.stdout.on('error', () => {});
process.stderr.on('error', () => {});

const failed = async (error: unknown): Promise<void> => {
  const { describeDefect } = await import('../src/process/defect.ts');
  process.stderr.write(`telesweep: ${describeDefect(error)}\n`);
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

// From Node 22 on, what was compiled once is kept on disk, so that an idle pass compiles next to nothing.
if ('enableCompileCache' in module && typeof module.enableCompileCache === 'function') module.enableCompileCache();

// Imported late, because the cache serves only what is loaded after it is on.
const running = import('../src/cli/main.ts').then(({ main }) =>
  main({
    argv: process.argv.slice(2),
    env: process.env,
    stdout: process.stdout,
    stderr: process.stderr,
    get stdin() {
      return process.stdin;
    },
    signal: signalled.signal,
  }),
);

running.then(
  (code) => {
    process.exitCode = code;
  },
  async (error: unknown) => {
    await failed(error);
    process.exitCode = defect;
  },
);
