import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readSettings } from '../../src/settings/settings.ts';
import { fileWith, problemsOf, unusedPath } from './problems.ts';

/** What pg makes of the settings, in the fields that a connection uses. */
function clientFor(env: Record<string, string>, envFile: string | null = null) {
  const { connectionString } = readSettings({ env, envFile, requires: ['DATABASE_URL'] }).database;
  expect(connectionString).toBeDefined();
  const client = new pg.Client({ connectionString });
  const { host, port, user, password, database, ssl } = client;
  const options: unknown = Reflect.get(Reflect.get(client, 'connectionParameters'), 'options');
  return { host, port, user, password, database, ssl, options };
}

describe('DATABASE_URL', () => {
  test('all its parts reach pg', () => {
    expect(clientFor({ DATABASE_URL: 'postgres://bot:se%40cr%2Fet%25%3A@db.example:6432/my%20bot' })).toMatchObject({
      host: 'db.example',
      port: 6432,
      user: 'bot',
      password: 'se@cr/et%:',
      database: 'my bot',
      ssl: false,
    });
  });

  test('an @ and a colon in the password may stand unescaped', () => {
    expect(clientFor({ DATABASE_URL: 'postgresql://bot:a@b:c@h/db' })).toMatchObject({ host: 'h', password: 'a@b:c' });
  });

  test('a plus sign in the password stays a plus sign', () => {
    expect(clientFor({ DATABASE_URL: 'postgres://bot:a+b@h/db' }).password).toBe('a+b');
  });

  test.each([
    'postgres:///bot?host=/var/run/postgresql',
    'postgres://u:word@/bot?host=/var/run/postgresql',
    'postgres://%2Fvar%2Frun%2Fpostgresql/bot',
    'postgres:///?dbname=bot&host=%2Fvar%2Frun%2Fpostgresql',
  ])('a socket: %s', (url) => {
    expect(clientFor({ DATABASE_URL: url })).toMatchObject({ host: '/var/run/postgresql', database: 'bot' });
  });

  test('an IPv6 address loses its brackets', () => {
    expect(clientFor({ DATABASE_URL: 'postgres://u@[::1]:5433/db' })).toMatchObject({ host: '::1', port: 5433 });
  });

  test('its query reaches pg', () => {
    const { options } = clientFor({ DATABASE_URL: 'postgres://h/db?options=-c%20search_path%3Dbot' });
    expect(options).toBe('-c search_path=bot');
  });

  test('what it leaves out comes from the PG* variables, the env file among them; what it says wins', () => {
    const envFile = fileWith('PGPASSWORD=from-file\nPGUSER=from-file\nPGPORT=7000\nPGHOST=other');
    expect(clientFor({ DATABASE_URL: 'postgres://h/db', PGUSER: 'from-env' }, envFile)).toMatchObject({
      host: 'h',
      port: 7000,
      user: 'from-env',
      password: 'from-file',
      database: 'db',
    });
  });

  test.each([
    ['postgresql+asyncpg://u:hush-hush@h/db', 'names the driver of another program'],
    ['mysql://u:hush-hush@h/db', 'does not begin with postgres://'],
    ['host=h dbname=hush-hush', 'does not begin with postgres://'],
    ['postgres://u:hush hush@h/db', 'has white space in it'],
    ['postgres://u:hush\thush@h/db', 'has white space in it'],
    ['postgres://u:hush#hush@h/db', 'has a # in it'],
    ['postgres://u:hush%hush@h/db', 'has a % that is not followed by two hexadecimal digits'],
    ['postgres://u:12?hush@h/db', 'has a ? that is not followed by name=value'],
    ['postgres://u:hush%ff@h/db', 'is not an address that can be read'],
    ['postgres://u:hush/hush@h/db', 'is not an address that can be read'],
    ['postgres://u:hush@h:99999/db', 'is not an address that can be read'],
    ['postgres://u:12?hush=1@h/db', 'has a ? that is not followed by name=value'],
    ['postgres://u:hush@h/db?port=hush', 'has a port that is not a number from 1 to 65535'],
    ['postgres://u:hush@h/a%23hush', 'names a database that has ? or # in its name'],
  ])('%j', (url, complaint) => {
    const problems = problemsOf({ env: { DATABASE_URL: url } });
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(`DATABASE_URL: the value (hidden) ${complaint}; expected postgres://`);
    expect(problems[0]).not.toContain('hush');
  });
});

describe('several hosts', () => {
  test.each(['u:hush@h1:5432,h2:5432/db', 'u:hush@a,b/db', 'h1,h2:5432/db', 'u:hush@/db?host=a,b'])('%s', (address) => {
    expect(problemsOf({ env: { DATABASE_URL: `postgres://${address}` } })).toEqual([
      expect.stringMatching(/^DATABASE_URL: the value \(hidden\) names several hosts; expected one, [^@]*$/),
    ]);
  });

  test('PGHOST with two, and a comma in a password, which is none', () => {
    expect(problemsOf({ env: { PGHOST: 'h1,h2' } })).toEqual([
      expect.stringMatching(/^PGHOST: "h1,h2" names several hosts; expected one/),
    ]);
    expect(clientFor({ DATABASE_URL: 'postgres://u:a,b@h/db', PGHOST: 'h1,h2' }).password).toBe('a,b');
  });
});

describe("the URL's parameters", () => {
  const url = (query: string) => ({ DATABASE_URL: `postgres://u:hush-hush@h/db?${query}` });

  test.each([
    ['schema=bot', '"schema", which is unknown here; expected the setting SCHEMA'],
    ['currentSchema=bot', '"currentSchema", which is unknown here; expected the setting SCHEMA'],
    ['sslMode=require', '"sslMode", which is unknown here; expected "sslmode"'],
    ['sslmod=require', '"sslmod", which is unknown here; expected "sslmode"'],
    ['tls=true', '"tls", which is unknown here; expected sslmode=require (encrypted) or sslmode=verify-full'],
    ['sslaccept=strict', '"sslaccept", which is unknown here; expected sslmode=require'],
    ['pgbuoncer=true', '"pgbuoncer", which is unknown here; expected "pgbouncer"'],
    ['hostaddr=10.0.0.1', '"hostaddr", which is unknown here; expected the address as the host'],
    ['sslcrl=/x', '"sslcrl", which is unknown here; expected'],
    ['service=x', '"service", which is unknown here; expected host, port, user and database'],
    ['sslmode=require&sslmode=disable', '"sslmode" twice; expected it once'],
    ['a%00b=c', '(hidden), which is unknown here'],
  ])('%s is refused', (query, text) => {
    const problems = problemsOf({ env: url(query) });
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(`DATABASE_URL: the value (hidden) has the parameter ${text}`);
    expect(problems[0]).not.toContain('hush');
  });

  test('all that is wrong is told at once', () => {
    expect(problemsOf({ env: url('schema=a&tls=1&sslcrl=/x') })).toHaveLength(3);
  });

  test('those of other tools do not reach pg, and can be read', () => {
    const query = 'pgbouncer=true&connection_limit=1&connect_timeout=15&connectionTimeoutMillis=1&query_timeout=1';
    const { database } = readSettings({ env: url(`${query}&application_name=x`), requires: [] });
    expect(database.ignoredParameters).toEqual(query.split('&').map((pair) => pair.replace(/=.*/, '')));
    expect([...new URL(database.connectionString ?? '').searchParams.keys()].sort()).toEqual([
      ...['application_name', 'host', 'password', 'user'],
    ]);
  });

  test('one without a value is not given', () => {
    expect(readSettings({ env: url('schema=&sslmode=&ssl='), requires: [] })).toMatchObject({
      database: { connectionString: 'postgres:///db?host=h&user=u&password=hush-hush' },
    });
  });

  test('what a server for reading alone or another encoding would need is refused', () => {
    expect(problemsOf({ env: url('target_session_attrs=read-write&client_encoding=UTF8&gssencmode=disable') })).toEqual(
      [],
    );
    for (const query of ['target_session_attrs=read-only', 'client_encoding=latin1', 'lock_timeout=soon']) {
      const [problem] = problemsOf({ env: url(query) });
      expect(problem).toContain(`asks by the parameter "${query.replace(/=.*/, '')}" for what is not done here`);
    }
  });
});

describe('PG* variables', () => {
  test('stand in for the URL', () => {
    expect(
      clientFor({ PGHOST: 'h', PGPORT: '6000', PGUSER: 'u ser', PGPASSWORD: 'p&=%+#?/ w', PGDATABASE: 'd b' }),
    ).toMatchObject({ host: 'h', port: 6000, user: 'u ser', password: 'p&=%+#?/ w', database: 'd b' });
  });

  test('a port or a password alone names no database', () => {
    const [problem] = problemsOf({ env: { PGPORT: '5432', PGPASSWORD: 'word' }, requires: ['DATABASE_URL'] });
    expect(problem).toBe(
      'DATABASE_URL: is missing; expected postgres://user:password@host:5432/database, in the environment, ' +
        'in --env-file, as DATABASE_URL_FILE or as PG* variables (PGHOST, PGUSER, PGPASSWORD, PGDATABASE)',
    );
  });

  test('are checked', () => {
    expect(problemsOf({ env: { PGHOST: 'h', PGPORT: 'x', PGSERVICE: 's', PGSSLMODE: 'on' } })).toEqual([
      'PGSERVICE: is not supported; expected PGHOST, PGPORT, PGUSER and PGDATABASE',
      'PGPORT: "x" is not a port; expected a number from 1 to 65535',
      'PGSSLMODE: "sslmode=on" is unknown; expected disable, require, verify-ca, verify-full',
    ]);
  });

  test('stand in for an empty DATABASE_URL as well', () => {
    expect(clientFor({ DATABASE_URL: '', DATABASE_URL_FILE: ' ', PGHOST: 'h' }).host).toBe('h');
  });
});

describe('TLS', () => {
  const warnings: Error[] = [];
  const listen = (warning: Error) => warnings.push(warning);
  beforeAll(() => {
    process.on('warning', listen);
  });
  // pg warns once in the life of a process, on stderr, of what it takes for a mistake: here never.
  afterAll(async () => {
    await new Promise((resolve) => setImmediate(resolve));
    process.off('warning', listen);
    expect(warnings).toEqual([]);
  });

  const url = (query: string) => `postgres://u@h/db?${query}`;
  const certificate = () => fileWith('a certificate');

  test('require encrypts without checking who answers', () => {
    expect(clientFor({ DATABASE_URL: url('sslmode=require') }).ssl).toEqual({ rejectUnauthorized: false });
    expect(clientFor({ DATABASE_URL: url(''), PGSSLMODE: 'require' }).ssl).toEqual({ rejectUnauthorized: false });
    expect(clientFor({ PGHOST: 'h', PGSSLMODE: 'require' }).ssl).toEqual({ rejectUnauthorized: false });
  });

  test('verify-full checks the chain and the name', () => {
    expect(clientFor({ DATABASE_URL: url('sslmode=verify-full') }).ssl).toEqual({});
    expect(clientFor({ DATABASE_URL: url('sslmode=verify-full&sslrootcert=system') }).ssl).toEqual({});
    expect(clientFor({ DATABASE_URL: url('sslrootcert=system') }).ssl).toEqual({});
  });

  test('verify-ca checks the chain alone, and so does require with a file of authorities', () => {
    for (const mode of ['verify-ca', 'require']) {
      const { ssl } = clientFor({ DATABASE_URL: url(`sslmode=${mode}`), PGSSLROOTCERT: certificate() });
      expect(ssl).toEqual({ ca: 'a certificate', checkServerIdentity: expect.any(Function) });
    }
  });

  test('disable and a URL that says nothing of TLS do not encrypt, whatever files are named', () => {
    expect(clientFor({ DATABASE_URL: url('sslmode=disable'), PGSSLROOTCERT: certificate() }).ssl).toBe(false);
    expect(clientFor({ DATABASE_URL: url('sslmode=disable'), PGSSLMODE: 'require' }).ssl).toBe(false);
    expect(clientFor({ DATABASE_URL: url(''), PGSSLROOTCERT: certificate() }).ssl).toBe(false);
  });

  test('ssl, as pg has it', () => {
    expect(clientFor({ DATABASE_URL: url('ssl=true') }).ssl).toEqual({});
    expect(clientFor({ DATABASE_URL: url('ssl=true&sslmode=require') }).ssl).toEqual({ rejectUnauthorized: false });
    expect(clientFor({ DATABASE_URL: url('ssl=0'), PGSSLMODE: 'require' }).ssl).toBe(false);
    expect(clientFor({ DATABASE_URL: url('ssl=false') }).ssl).toBe(false);
    expect(problemsOf({ env: { DATABASE_URL: url('ssl=require') } })).toEqual([
      'DATABASE_URL: "ssl=require" is unknown; expected disable, require, verify-ca, verify-full as sslmode',
    ]);
    expect(problemsOf({ env: { DATABASE_URL: url('ssl=true&sslmode=disable') } })).toEqual([
      'DATABASE_URL: "ssl=true&sslmode=disable" says two things; expected sslmode alone',
    ]);
  });

  test('direct negotiation needs TLS', () => {
    const direct = (query: string) => url(`sslnegotiation=direct${query}`);
    expect(clientFor({ DATABASE_URL: direct('&sslmode=verify-full') }).ssl).toEqual({});
    expect(problemsOf({ env: { DATABASE_URL: direct('') } })[0]).toMatch(
      /^DATABASE_URL: "sslnegotiation=direct" needs/,
    );
    expect(problemsOf({ env: { PGHOST: 'h', PGSSLNEGOTIATION: 'directly' } })[0]).toMatch(
      /^PGSSLNEGOTIATION: .*unknown/,
    );
  });

  test('no-verify, which is a word of pg, keeps its meaning', () => {
    expect(clientFor({ DATABASE_URL: url('sslmode=no-verify') }).ssl).toEqual({ rejectUnauthorized: false });
  });

  test.each([
    [
      'sslmode=prefer',
      'sslmode=prefer',
      'falls back to plain text by itself, which is not done here; expected disable',
    ],
    ['sslmode=allow', 'sslmode=allow', 'falls back to plain text by itself'],
    ['sslmode=requird', 'sslmode=requird', 'is unknown; expected disable, require, verify-ca, verify-full'],
    ['sslmode=verify-ca', 'sslmode=verify-ca', 'needs sslrootcert (or PGSSLROOTCERT), or write verify-full'],
    ['sslmode=require&sslrootcert=system', 'sslmode=require', 'is too weak for sslrootcert=system'],
  ])('%s', (query, value, text) => {
    const problems = problemsOf({ env: { DATABASE_URL: url(query) } });
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(`DATABASE_URL: "${value}" ${text}`);
  });

  test('a file that cannot be read is named', () => {
    const path = unusedPath();
    expect(
      problemsOf({ env: { DATABASE_URL: url(`sslmode=verify-full&sslcert=${encodeURIComponent(path)}`) } }),
    ).toEqual([`DATABASE_URL: "sslcert=${path}" names a file that cannot be read`]);
  });
});
