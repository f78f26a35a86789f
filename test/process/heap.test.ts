import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createScene } from '../support/scene.ts';

const mebibyte = 1024 * 1024;
const chats = 4_000;

test('a pass that makes many calls keeps its heap small, and V8 knows what it is told', async () => {
  const scene = await createScene({ answerEverything: true }, { TELEGRAM_RATE: '100000' });
  const folder = mkdtempSync(join(tmpdir(), 'telesweep-heap-'));
  await scene.db.query(`insert into broadcasts (id, text, created_at, delete_at)
                        overriding system value values (1, 'Hello', now() - interval '2 hours', now())`);
  await scene.db.query(
    `insert into broadcast_messages (broadcast_id, chat_id, message_id, sent_at)
     select 1, 1000 + i, i, now() - interval '2 hours' from generate_series(1, $1::int) as i`,
    [chats],
  );
  const [hook, found] = [join(folder, 'hook.cjs'), join(folder, 'found.json')];
  const look = `require('node:fs').writeFileSync(${JSON.stringify(found)}, JSON.stringify(require('node:v8').getHeapSpaceStatistics()))`;
  writeFileSync(hook, `process.on('exit', () => ${look});`);
  const { done } = scene.start(['delete-broadcasts', '--json', '--quiet'], { NODE_OPTIONS: `--require ${hook}` });
  const { code, stderr, summary } = await done;
  expect([code, stderr, summary?.counts.messages_deleted]).toEqual([0, '', chats]);
  const spaces: { space_name: string; space_size: number }[] = JSON.parse(readFileSync(found, 'utf8'));
  const young = spaces.find(({ space_name: name }) => name === 'new_space')?.space_size ?? Number.NaN;
  // By itself it is 32 MiB after so many calls, 64 on Node 24.
  expect(young / mebibyte).toBeLessThanOrEqual(16);
  rmSync(folder, { recursive: true });
  await scene.close();
}, 60_000);
