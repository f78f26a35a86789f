/** The demo of a directory of bots: two side by side in one database, and one whose database is away. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { formatCount } from '../../../src/output/format.ts';
import { botToken } from '../bot-api.ts';
import type { RunResult } from '../run.ts';
import { botsOf } from './bots-of.ts';
import { mark } from './screen.ts';
import { type Section, showFindings } from './section.ts';

const kioskToken = '223344556:AAK-simulated-token_of-the-kiosk-0123456';

interface DemoBot {
  name: string;
  schema: string;
  token: string;
  firstChat: number;
}

const bots: readonly DemoBot[] = [
  { name: 'kiosk', schema: 'kiosk', token: kioskToken, firstChat: 7_710_000_000 },
  { name: 'shop', schema: 'public', token: botToken, firstChat: 7_720_000_000 },
];
const away = 'lost';

/** What the environment of the demo gives to one bot, and would give to all. */
const ofFiles = { DATABASE_URL: '', TELEGRAM_BOT_TOKEN: '' };

/** @param records of each bot */
export function manyBotsSection(records: number): Section {
  let pass: RunResult | null = null;

  return {
    async before(stage) {
      const { api, screen } = stage;
      screen.heading('a directory of three bots: two in one database, one whose database is away');
      api.addBot({ token: kioskToken });
      await mkdir(stage.botsFolder);
      const write = (name: string, settings: Record<string, string>) =>
        writeFile(
          join(stage.botsFolder, `${name}.env`),
          Object.entries(settings).map(([key, value]) => `${key}=${value}\n`),
          { mode: 0o600 },
        );
      await write('common', { TELEGRAM_API_ROOT: api.url });
      await write(away, { DATABASE_URL: 'postgres://nobody@127.0.0.1:1/lost', TELEGRAM_BOT_TOKEN: botToken });
      for (const { name, schema, token, firstChat } of bots) {
        await stage.query(`create schema if not exists ${schema}`);
        await write(name, { DATABASE_URL: stage.databaseUrl, SCHEMA: schema, TELEGRAM_BOT_TOKEN: token });
        const migrated = await stage.telesweep(['migrate', '--env-file', stage.botsFolder, '--bot', name], ofFiles);
        if (migrated.code !== 0) screen.line(`${migrated.stdout}${migrated.stderr}`);
        await stage.query(
          `insert into ${schema}.pending_deletions (user_id, chat_id, message_ids, unique_id, created_at, delete_at)
           select $1::bigint + n, $1::bigint + n, '{1,2,3}', 'file', now() - interval '1 hour', now() - interval '1 minute'
           from generate_series(1, $2::int) as n`,
          [firstChat, records],
        );
        for (let n = 1; n <= records; n++) api.addMessages(firstChat + n, [1, 2, 3, 4]);
      }
    },

    async run(stage) {
      stage.screen.command('telesweep delete-due --env-file bots', 'every minute');
      pass = await stage.telesweep(['delete-due', '--json', '--env-file', stage.botsFolder], ofFiles);
    },

    async after(stage) {
      const told = pass === null ? [] : botsOf(pass);
      const rows: string[][] = [];
      let bad = 0;
      for (const { name, schema, firstChat } of bots) {
        const [left] = await stage.query<{ n: number }>(
          `select count(*)::int as n from ${schema}.pending_deletions where chat_id between $1 and $1 + $2::int`,
          [firstChat, records],
        );
        const chats = Array.from({ length: records }, (_, n) => firstChat + n + 1);
        const notices = chats.reduce((sum, chat) => sum + stage.api.sent(chat).length, 0);
        const standing = chats.filter((chat) => [1, 2, 3].some((id) => stage.api.message(chat, id))).length;
        const bystanders = chats.every((chat) => stage.api.message(chat, 4) !== undefined);
        const code = told.find(({ bot }) => bot === name)?.exitCode;
        const good = code === 0 && left?.n === 0 && notices === records && standing === 0 && bystanders;
        if (!good) bad++;
        rows.push([name, String(code ?? ''), formatCount(records), formatCount(notices), mark(good)]);
      }
      const lost = told.find(({ bot }) => bot === away)?.exitCode;
      if (lost !== 69) bad++;
      rows.push([away, String(lost ?? ''), '', '', mark(lost === 69)]);
      stage.screen.table(['bot', 'exit', 'records', 'notices', ''], rows);
      return bad + showFindings(stage, [[pass?.code === 69, 'it exits with the worst: 69, one database is away']]);
    },
  };
}
