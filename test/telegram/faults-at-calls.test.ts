/** Every fault of the simulated Telegram at every call, straight and through proxies: what of it the transport knows. */
import { describe, expect, test } from 'vitest';
import { type Client, createClient } from '../../src/telegram/client.ts';
import { type BotApi, botToken, type Fault, startBotApi } from '../support/bot-api.ts';
import { forwardProxy, socksProxy } from './proxies.ts';

const timeoutMs = 1_000;

interface FaultCase {
  fault: Fault;
  /** No answer of the Bot API comes of it. */
  silent?: boolean;
}

/** One list for each kind there is. */
const faults: { [Kind in Fault['kind']]: readonly (FaultCase & { fault: { kind: Kind } })[] } = {
  hang: [
    { fault: { kind: 'hang' }, silent: true },
    { fault: { kind: 'hang', work: true }, silent: true },
  ],
  late: [{ fault: { kind: 'late', ms: timeoutMs + 200 }, silent: true }, { fault: { kind: 'late', ms: 20 } }],
  drop_before: [{ fault: { kind: 'drop_before' }, silent: true }],
  drop_after: [{ fault: { kind: 'drop_after' }, silent: true }],
  truncated: [{ fault: { kind: 'truncated' }, silent: true }],
  redirect: [{ fault: { kind: 'redirect' }, silent: true }],
  html: [200, 403, 502].flatMap((code) =>
    [true, false].map((work) => ({ fault: { kind: 'html', work, code }, silent: true }) as const),
  ),
  '5xx_before': [
    { fault: { kind: '5xx_before' }, silent: true },
    { fault: { kind: '5xx_before', body: 'html' }, silent: true },
  ],
  '5xx_after': [
    { fault: { kind: '5xx_after' }, silent: true },
    { fault: { kind: '5xx_after', body: 'html', code: 504 }, silent: true },
  ],
  retry_after: [{ fault: { kind: 'retry_after', seconds: 1 } }],
  error: [400, 401, 403, 404, 418].map((code) => ({ fault: { kind: 'error', code, description: 'Oh no' } }) as const),
  deleted_at_once: [{ fault: { kind: 'deleted_at_once' } }],
  id_zero: [{ fault: { kind: 'id_zero' } }],
  true_without_work: [{ fault: { kind: 'true_without_work' } }],
};

const calls: Record<string, (client: Client) => Promise<{ kind: string }>> = {
  getMe: (client) => client.getMe(),
  deleteMessage: (client) => client.deleteMessage('7', 1),
  deleteMessages: (client) => client.deleteMessages('7', [2, 3]),
  sendMessage: (client) => client.sendMessage({ chatId: '7', text: 'x' }),
  editMessageText: (client) => client.editMessageText({ chatId: '7', messageId: 4, text: 'y' }),
};
const names = Object.keys(calls);

const ways = {
  straight: async () => null,
  'through an http proxy': async () => (await forwardProxy()).url,
  'through a socks5 proxy': async () => `socks5://me:secret@127.0.0.1:${(await socksProxy()).port}`,
};

/** Each call twice, first of all on new connections. */
const order = [...names, ...names];
const answered = ['ok', 'gone', 'unmodified', 'undeletable', 'uneditable'];

/** The outcomes of all calls over one client, where the nth meets the fault. */
async function callAll(api: BotApi, proxy: string | null, nth: number, fault: Fault): Promise<string[]> {
  const client = await createClient(botToken, { apiRoot: api.url, timeoutMs, proxy });
  api.addMessages(7, [1, 2, 3, 4]);
  api.fault({ ...fault, nth });
  const kinds: string[] = [];
  for (const name of order) kinds.push((await calls[name]?.(client))?.kind ?? '');
  client.close();
  return kinds;
}

describe.each(Object.entries(ways))('%s', (_, way) => {
  const cases = Object.values<readonly FaultCase[]>(faults).flat();
  test.each(cases)('$fault: what arrived is told as arrived, once, and the next call is answered', async ({
    fault,
    silent = false,
  }) => {
    const meetAt = async (name: string, index: number) => {
      const api = await startBotApi({ limits: { sendsPerSecondPerChat: 0 } });
      try {
        const kinds = await callAll(api, await way(), index + 1, fault);
        const [met] = kinds.splice(index, 1);
        expect(api.calls.map((call) => call.fault !== null)).toEqual(order.map((_, n) => n === index));
        expect(api.callCount, 'no call is repeated').toBe(order.length);
        expect(api.strays, 'no redirect is followed').toEqual([]);
        expect(met).not.toBe('not_sent');
        if (silent) expect(met).toBe('unanswered');
        else if (fault.kind === 'late') expect(answered).toContain(met);
        else if (fault.kind === 'retry_after') expect(met).toBe('rate_limited');
        else if (fault.kind === 'deleted_at_once' && name === 'sendMessage') expect(met).toBe('already_sent');
        for (const kind of kinds) expect(answered).toContain(kind);
      } finally {
        await api.close();
      }
    };
    await Promise.all(order.map(meetAt));
  });
});

test('a server that is gone: what never arrived is told as not sent, on new and on kept connections', async () => {
  for (const name of names) {
    const api = await startBotApi();
    const client = await createClient(botToken, { apiRoot: api.url, timeoutMs, proxy: null });
    expect(await client.getMe()).toMatchObject({ kind: 'ok' });
    await api.close();
    const kinds = [await calls[name]?.(client), await calls[name]?.(client)].map((outcome) => outcome?.kind);
    expect(kinds).toEqual(['not_sent', 'not_sent']);
    expect(api.callCount).toBe(1);
    client.close();
  }
});
