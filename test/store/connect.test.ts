import { getEventListeners } from 'node:events';
import { getDefaultAutoSelectFamilyAttemptTimeout } from 'node:net';
import { expect, test } from 'vitest';
import { connect } from '../../src/store/connect.ts';
import { startRefusingServer } from '../support/refusing-server.ts';

test('tries leave nothing at the signal that may end them: Node would warn of it, and cron mail that', async () => {
  const server = await startRefusingServer('57P03', 'the database system is starting up');
  const { signal } = new AbortController();
  const database = {
    connectionString: `postgres://nobody@${server.host}/x`,
    applicationName: 'telesweep',
    timeZone: 'UTC',
  };
  await expect(connect(database, { signal })).rejects.toThrow('after 3 tries');
  server.close();
  expect(getEventListeners(signal, 'abort')).toEqual([]);
});

test('an address of a server that has several gets time for a packet that was lost and sent again after a second', async () => {
  const server = await startRefusingServer('28P01', 'no');
  const database = {
    connectionString: `postgres://nobody@${server.host}/x`,
    applicationName: 'telesweep',
    timeZone: 'UTC',
  };
  await expect(connect(database)).rejects.toThrow('cannot be reached');
  server.close();
  expect(getDefaultAutoSelectFamilyAttemptTimeout()).toBeGreaterThan(1_000);
});
