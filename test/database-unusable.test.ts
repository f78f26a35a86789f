import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { TLSSocket } from 'node:tls';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { jobs } from '../src/jobs/index.ts';
import { createDatabase } from './support/postgres.ts';
import { startRefusingServer } from './support/refusing-server.ts';
import { pendingDeletion } from './support/rows.ts';
import { createScene, type Env, type Scene } from './support/scene.ts';
import { dumpDatabase } from './support/secrets.ts';
import { at, startSilentServer } from './support/silent-server.ts';
import { cert, key } from './telegram/self-signed.ts';

let scene: Scene;

beforeAll(async () => {
  scene = await createScene();
  await pendingDeletion(scene.db, { chatId: 1001, messageIds: [1, 2] });
});
afterAll(() => scene.close());

/** Runs a command that must be refused, and checks that nothing was changed and nobody was called. */
async function refused(args: readonly string[], env: Env = {}) {
  const before = await dumpDatabase(scene.db);
  const calls = scene.api.callCount;
  const result = await scene.run(args, env);
  expect(scene.api.callCount).toBe(calls);
  expect(await dumpDatabase(scene.db)).toEqual(before);
  return result;
}

describe('a database that cannot be used', () => {
  const databaseAt = (change: (url: URL) => void): string => {
    const url = new URL(scene.env.DATABASE_URL ?? '');
    change(url);
    return url.href;
  };

  test('a port at which nobody listens: 69 after a few tries', async () => {
    const url = databaseAt((address) => {
      address.port = '9';
    });
    const { code, summary } = await refused(['delete-due'], { DATABASE_URL: url });
    expect(code).toBe(69);
    expect(summary).toMatchObject({ outcome: 'failed', stop_reason: 'error' });
    expect(summary?.error).toMatch(
      /^the database cannot be reached after 3 tries: .*ECONNREFUSED.*; check the host and the port in DATABASE_URL, /,
    );
    expect(summary?.duration_ms).toBeGreaterThan(1_000);
    expect(summary?.duration_ms).toBeLessThan(15_000);
  });

  test('a pass that is out of time when its first try fails: 69 at once', async () => {
    const url = databaseAt((address) => {
      address.port = '9';
    });
    const { code, summary } = await refused(['delete-due', '--max-runtime', '1ms'], { DATABASE_URL: url });
    expect({ code, outcome: summary?.outcome }).toEqual({ code: 69, outcome: 'failed' });
    // A quick machine tries a second time within that millisecond.
    expect(summary?.error).toMatch(/^the database cannot be reached( after 2 tries)?: .*ECONNREFUSED/);
    expect(summary?.duration_ms).toBeLessThan(500);
  });

  test('one that comes up later: waited for, where the next pass is not as near', async () => {
    const startingUp = await startRefusingServer('57P03', 'the database system is starting up');
    const pass = scene.run(['cleanup-tokens', '--json'], { DATABASE_URL: at(startingUp.host, scene.db.url) });
    // After so many delete-due, which runs every minute, has given up.
    await expect.poll(startingUp.connections, { timeout: 10_000 }).toBe(3);
    startingUp.comeUp(new URL(scene.db.url));
    const { code, summary } = await pass;
    startingUp.close();
    expect([code, summary?.outcome]).toEqual([0, 'ok']);
  });

  test('one that stays away: tried no longer than the pass has time for', async () => {
    const startingUp = await startRefusingServer('57P03', 'the database system is starting up');
    const { code, summary } = await scene.run(['cleanup-tokens', '--max-runtime', '2500ms'], {
      DATABASE_URL: at(startingUp.host, scene.db.url),
    });
    startingUp.close();
    expect([code, summary?.outcome]).toEqual([69, 'failed']);
    expect(startingUp.connections()).toBe(4);
  });

  test('a name that does not exist: 69', async () => {
    const url = databaseAt((address) => {
      address.hostname = 'db.invalid';
    });
    const { code, summary } = await refused(['delete-due'], { DATABASE_URL: url });
    expect(code).toBe(69);
    expect(summary?.error).toMatch(
      /^the database cannot be reached after 3 tries: .*db\.invalid; check the host in DATABASE_URL, and this machine's DNS$/,
    );
  });

  test('one that takes the connection and says nothing: 69 within 15 s, after a few tries', {
    timeout: 30_000,
  }, async () => {
    const silent = await startSilentServer();
    const startedAt = performance.now();
    const { code, summary } = await scene.run(['delete-due'], { DATABASE_URL: at(silent.host, scene.db.url) });
    const seconds = (performance.now() - startedAt) / 1000;
    silent.close();
    expect(code).toBe(69);
    expect(seconds).toBeLessThan(15);
    expect(silent.connections).toBe(3);
    expect(summary?.error).toMatch(/^the database cannot be reached after 3 tries: .*, and what stands between$/);
  });

  test('something that is no PostgreSQL: 69', async () => {
    const { code, summary } = await refused(['delete-due'], {
      DATABASE_URL: at(new URL(scene.api.url).host, scene.db.url),
    });
    expect(code).toBe(69);
    expect(summary?.error).toMatch(/^the database cannot be reached/);
  });

  test.each([
    [
      '28000',
      'no pg_hba.conf entry for host "192.0.2.7", user "bot", database "bot", no encryption',
      /sslmode=verify-full or sslmode=require/,
    ],
    [
      '28000',
      'no pg_hba.conf entry for host "192.0.2.7", user "bot", database "bot", SSL encryption',
      /its pg_hba\.conf wants a line/,
    ],
    ['08P01', 'unsupported startup parameter: options', /PgBouncer .*alter role/],
  ])('%s %s: 69 at once, with the way out', async (code, message, words) => {
    const server = await startRefusingServer(code, message);
    const url = `${at(server.host, scene.db.url)}?options=-c%20search_path%3Dpublic`;
    const result = await scene.run(['delete-due'], { DATABASE_URL: url });
    server.close();
    expect({ code: result.code, tries: server.connections() }).toEqual({ code: 69, tries: 1 });
    expect(result.summary?.error).toContain(message);
    expect(result.summary?.error).toMatch(words);
  });

  test.each([
    ['53300', 'sorry, too many clients already', /raise its max_connections, or let a PgBouncer/],
    ['08P01', 'no more connections allowed (max_client_conn)', /raise its max_connections, or let a PgBouncer/],
    [
      '57P03',
      'the database system is not accepting connections: Hot standby mode is disabled in recovery',
      /the next pass/,
    ],
  ])('%s %s: the way out as well', async (code, message, words) => {
    const server = await startRefusingServer(code, message);
    const { summary } = await scene.run(['delete-due'], { DATABASE_URL: at(server.host, scene.db.url) });
    server.close();
    expect(summary?.error).toContain(message);
    expect(summary?.error).toMatch(words);
  });

  test('TLS asked of a server that has none, or one with a certificate that nobody here knows: the way out', async () => {
    const plain = await refused(['delete-due'], { DATABASE_URL: `${scene.db.url}?sslmode=require` });
    expect(plain.summary?.error).toMatch(
      /The server does not support SSL connections; it speaks no TLS: leave sslmode out/,
    );

    const server = createServer((socket) => {
      socket.on('error', () => {});
      // "S": the client may begin with TLS.
      socket.once('data', () => {
        socket.write('S');
        new TLSSocket(socket, { isServer: true, cert, key }).on('error', () => {});
      });
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const url = `${at(`127.0.0.1:${port}`, scene.db.url)}?sslmode=verify-full`;
    const { summary } = await scene.run(['delete-due'], { DATABASE_URL: url });
    server.close();
    expect(summary?.error).toMatch(
      /self-signed certificate.*; let sslrootcert in DATABASE_URL \(or PGSSLROOTCERT\) name/,
    );
  });

  test('a wrong password, a database that is not there: 69 at once, for trying again helps nobody', async () => {
    const password = databaseAt((address) => {
      address.password = 'not-the-right-one';
    });
    const wrong = await refused(['delete-due'], { DATABASE_URL: password });
    expect(wrong.code).toBe(69);
    expect(wrong.summary?.error).toMatch(
      /^the database cannot be reached: password authentication failed.*check the role and the password in DATABASE_URL$/,
    );
    expect(wrong.stderr).not.toContain('not-the-right-one');

    const nowhere = databaseAt((address) => {
      address.pathname = '/nowhere';
    });
    const missing = await refused(['delete-due'], { DATABASE_URL: nowhere });
    expect(missing.code).toBe(69);
    expect(missing.summary?.error).toMatch(/^the database cannot be reached: database "nowhere" does not exist/);
    // The pauses between three tries take two seconds.
    expect(missing.summary?.duration_ms).toBeLessThan(2_000);
  });

  test('one that is not migrated: 78, run telesweep migrate', async () => {
    const empty = await createDatabase({ migrated: false });
    try {
      for (const args of [...jobs.map(({ name }) => [name]), ['delete-due', '--dry-run']]) {
        const { code, summary } = await scene.run(args, { DATABASE_URL: empty.url, GUIDE_CHAT_IDS: '-1001' });
        expect({ args, code }).toEqual({ args, code: 78 });
        expect(summary?.error).toMatch(/^the database is not migrated .*run telesweep migrate$/);
      }
      expect(await dumpDatabase(empty)).toEqual([]);
    } finally {
      await empty.drop();
    }
  });

  test("one with the bot's own tables alone: 78, run telesweep migrate", async () => {
    const bots = await createDatabase({ migrated: false });
    try {
      await bots.query(`create table pending_deletions (id bigint generated always as identity primary key,
        user_id bigint, chat_id bigint, message_ids bigint[], unique_id text, created_at timestamptz, delete_at timestamptz)`);
      const { code, summary } = await scene.run(['delete-due'], { DATABASE_URL: bots.url });
      expect(code).toBe(78);
      expect(summary?.error).toMatch(/run telesweep migrate$/);
    } finally {
      await bots.drop();
    }
  });

  test('a role that may not write: 78, and the message says what is missing', async () => {
    const role = `reader_${scene.db.name}`;
    await scene.db.query(`create role ${role} login password 'reader-pass_word'; grant usage on schema telesweep to ${role};
      grant select on all tables in schema public, telesweep to ${role}`);
    try {
      const url = databaseAt((address) => {
        address.username = role;
        address.password = 'reader-pass_word';
      });
      const { code, summary } = await refused(['delete-due'], { DATABASE_URL: url });
      expect(code).toBe(78);
      expect(summary?.error).toMatch(/permission denied.*grant it/);
      const dry = await refused(['delete-due', '--dry-run'], { DATABASE_URL: url });
      expect(dry.code).toBe(0);
    } finally {
      await scene.db.query(`drop owned by ${role}; drop role ${role}`);
    }
  });
});
