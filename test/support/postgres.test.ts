import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createDatabase, type TestDatabase } from './postgres.ts';
import { type PostgresServer, startPostgres } from './postgres-server.ts';

describe('a test database', () => {
  let db: TestDatabase;
  beforeAll(async () => {
    db = await createDatabase();
  });
  afterAll(() => db.drop());

  async function hoursAhead(expression: string): Promise<number> {
    const sql = `select extract(epoch from ${expression} - pg_catalog.clock_timestamp())::float8 / 3600 as hours`;
    const [row] = await db.query<{ hours: number }>(sql);
    return row?.hours ?? Number.NaN;
  }

  test('its clock moves by an interval, back, and to a time, for new sessions and for those that know of it', async () => {
    await db.setClock('50 hours');
    expect(await hoursAhead('now()')).toBeCloseTo(50, 1);
    const session = new pg.Client(db.url);
    await session.connect();
    try {
      await db.setClock('-47h -59m');
      expect(await hoursAhead('clock_timestamp()')).toBeCloseTo(-47.98, 1);
      await db.setClock('2030-06-01T12:00:00Z');
      const { rows } = await session.query("select now() - '2030-06-01T12:00:00Z' < interval '10 s' as moved");
      expect(rows).toEqual([{ moved: true }]);
      const [later] = await db.query("select now() >= '2030-06-01T12:00:00Z' as runs, current_schema() as schema");
      expect(later).toEqual({ runs: true, schema: 'public' });
    } finally {
      await session.end();
      await db.setClock('0');
    }
  });
});

describe('a server of the test', () => {
  let server: PostgresServer;
  beforeAll(async () => {
    server = await startPostgres();
  });
  afterAll(() => server.dispose());

  async function answers(): Promise<unknown> {
    const client = new pg.Client(server.url('postgres'));
    client.on('error', () => undefined);
    try {
      await client.connect();
      const { rows } = await client.query('select count(*)::int as kept from pg_class where relname = $1', ['kept']);
      return rows;
    } catch (error) {
      return error instanceof Error && 'code' in error ? error.code : error;
    } finally {
      await client.end().catch(() => undefined);
    }
  }

  test('stops, is killed and starts again with what was committed', async () => {
    const client = new pg.Client(server.url('postgres'));
    client.on('error', () => undefined);
    await client.connect();
    await client.query('create table kept ()');
    await server.kill();
    expect(await answers()).toBe('ECONNREFUSED');
    await server.restart();
    expect(await answers()).toEqual([{ kept: 1 }]);
    await server.stop('immediate');
    expect(await answers()).toBe('ECONNREFUSED');
    await server.restart();
    expect(await answers()).toEqual([{ kept: 1 }]);
    await client.end().catch(() => undefined);
  });

  test('asks for its password', async () => {
    const client = new pg.Client(`postgres://postgres:wrong@127.0.0.1:${server.port}/postgres`);
    await expect(client.connect()).rejects.toMatchObject({ code: '28P01' });
    expect(new URL(server.url('postgres')).password).not.toBe(server.password);
    expect(decodeURIComponent(new URL(server.url('postgres')).password)).toBe(server.password);
  });
});

test.each(['SIGKILL', 'SIGINT'] as const)('a server ends with the process that started it: %s', async (signal) => {
  const module = fileURLToPath(new URL('./postgres-server.ts', import.meta.url));
  const script = `
    const { startPostgres } = await import(${JSON.stringify(module)});
    const server = await startPostgres();
    console.log(JSON.stringify({ url: server.url('postgres'), folder: server.folder }));
    setInterval(() => {}, 1000);`;
  const parent = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = await once(parent.stdout, 'data');
  const { url, folder } = JSON.parse(String(line));
  expect(existsSync(folder)).toBe(true);
  parent.kill(signal);
  await once(parent, 'exit');
  for (let tries = 0; existsSync(folder) && tries < 400; tries += 1) await sleep(25);
  expect(existsSync(folder)).toBe(false);
  await expect(new pg.Client(url).connect()).rejects.toMatchObject({ code: 'ECONNREFUSED' });
});
