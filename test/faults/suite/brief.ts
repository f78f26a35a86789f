/** The table in two dozen lines, for docs/promises.md: rows of one kind together, all jobs together. */
import { addFindings, type Findings, nothingFound, type Row, tableRow } from './findings.ts';

const kinds: readonly (readonly [RegExp, string])[] = [
  [/^kills: at each/, 'killed at every statement and call, before and after it'],
  [/^kills: at random/, 'killed at random moments, up to three in a row'],
  [/^kills: with slow/, 'killed among slow answers'],
  [/^kills: the database/, 'killed with the database 50 ms away'],
  [/^kills: one reader/, 'killed while one reader is owed several notices'],
  [/^kills: two jobs/, 'two jobs of one token at once, one with `--stay`, each killed at a call'],
  [/^kills: a group/, 'killed while a group is owed many notices beside other chats, twice in a row'],
  [/^kills: `--stay`/, '`delete-due --stay` killed and taken over, beside a broadcast'],
  [/^crowds: \d+ processes/, 'many processes of one job at once'],
  [/^crowds: frozen .*between claim/, 'frozen beyond the lease between claim and send: nothing is sent after waking'],
  [/^crowds: frozen/, 'frozen beyond the lease at every statement and call, and woken again'],
  [/^crowds: all jobs/, 'all jobs at once on one token, calls counted in every sliding second'],
  [/^PgBouncer/, 'crowds, kills, freezes and cuts behind PgBouncer in transaction mode'],
  [/^PostgreSQL: version/, 'PostgreSQL 14 to 18: migrations, passes, kills, arbitrary values'],
  [
    /^PostgreSQL: (connection cut|pg_terminate)/,
    'connection to PostgreSQL cut at every statement, before and after it',
  ],
  [/^PostgreSQL: server/, 'PostgreSQL stopped or killed in the middle, and started again'],
  [/^PostgreSQL: every connection/, 'every connection of PostgreSQL taken'],
  [/^PostgreSQL: (statement_timeout|a row|every row)/, 'locked tables and rows, statement time-outs'],
  [/^PostgreSQL: no answer/, 'PostgreSQL takes the connection and says nothing'],
  [/^Telegram: .*, at each call/, 'every fault of Telegram at every call'],
  [/^Telegram: .*429/, '429 with waits of 1 to 100,000 s, and storms of it'],
  [/^Telegram: away/, 'Telegram away for an hour'],
  [
    /^Telegram: `deleteMessages`/,
    '`deleteMessages` says true and deleted nothing; nobody can see it, so it is not promised',
  ],
  [/^Telegram: ping/, 'ping address and Pushgateway that never answer'],
  [/^operators: a host/, "the host's clock an hour wrong, either way"],
  [/^operators: (std|both|all)/, 'stdout or stderr closed, unread or on a full disk'],
  [/^operators: metrics/, 'metrics folder full, read-only or missing'],
  [/^operators: .*setting/, 'arbitrary values in every setting'],
  [/^operators: .*column/, 'arbitrary values in every column that bots write'],
  [/^secrets/, 'searched for token and password: every byte that all of the above wrote'],
];

/** In the order of the kinds above; what is of none of them comes last. */
export function briefTable(rows: readonly Row[]): string {
  const sums = new Map<string, Findings>(kinds.map(([, kind]) => [kind, nothingFound()]));
  for (const { part, what, findings } of rows) {
    const name = `${part}: ${what}`;
    const kind = kinds.find(([pattern]) => pattern.test(name))?.[1] ?? name;
    const sum = sums.get(kind) ?? nothingFound();
    addFindings(sum, findings);
    sums.set(kind, sum);
  }
  const played = [...sums].filter(([, { times, notTried }]) => times > 0 || notTried !== null);
  return [
    '| what was done | times | lost | repeated | uncertain | else wrong |',
    '| --- | ---: | ---: | ---: | ---: | ---: |',
    ...played.map(([kind, findings]) => tableRow([kind], findings)),
  ].join('\n');
}
