import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createScene, type Scene } from '../support/scene.ts';

const mebibyte = 1024 * 1024;
const chats = 4_000;

let scene: Scene;
let folder: string;

beforeAll(async () => {
  scene = await createScene({ answerEverything: true }, { TELEGRAM_RATE: '100000' });
  folder = mkdtempSync(join(tmpdir(), 'telesweep-heap-'));
});

afterAll(async () => {
  rmSync(folder, { recursive: true });
  await scene.close();
});

/** A pass over so many messages, and the size of its heap's young generation at the end. */
async function young(messages: number): Promise<number> {
  await scene.db.query(`insert into broadcasts (text, created_at, delete_at)
                        values ('Hello', now() - interval '2 hours', now() - interval '1 minute')`);
  await scene.db.query(
    `insert into broadcast_messages (broadcast_id, chat_id, message_id, sent_at)
     select max(id), 1000 + i, i, now() - interval '2 hours' from broadcasts, generate_series(1, $1::int) as i group by i`,
    [messages],
  );
  const [hook, found] = [join(folder, 'hook.cjs'), join(folder, 'found.json')];
  const look = `require('node:fs').writeFileSync(${JSON.stringify(found)}, JSON.stringify(require('node:v8').getHeapSpaceStatistics()))`;
  writeFileSync(hook, `process.on('exit', () => ${look});`);
  const { done } = scene.start(['delete-broadcasts', '--json', '--quiet'], { NODE_OPTIONS: `--require ${hook}` });
  const { code, stderr, summary } = await done;
  expect([code, stderr, summary?.counts.messages_deleted]).toEqual([0, '', messages]);
  const spaces: { space_name: string; space_size: number }[] = JSON.parse(readFileSync(found, 'utf8'));
  return (spaces.find(({ space_name: name }) => name === 'new_space')?.space_size ?? Number.NaN) / mebibyte;
}

test('a pass that makes many calls keeps its heap small, and V8 knows what it is told', async () => {
  expect(await young(1)).toBeLessThan(8);
  expect(await young(chats)).toBeLessThanOrEqual(16);
}, 60_000);
