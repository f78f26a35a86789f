import type { Job } from '../../job/job.ts';
import { botIdOf } from '../../settings/formats.ts';
import type { Settings } from '../../settings/settings.ts';
import { readSenders } from '../../store/bots.ts';
import type { Connection } from '../../store/connect.ts';
import { type Finding, fault, fine } from './finding.ts';

/** Whether the token is that of the bot that sent the messages: another one can delete none of them. */
export async function checkSenders(
  connection: Connection,
  jobs: readonly Job[],
  { telegramBotToken: token }: Settings,
): Promise<Finding[]> {
  if (token === null) return [];
  const botId = botIdOf(token);
  const senders = (await readSenders(connection)).filter(({ job }) => jobs.some(({ name }) => name === job));
  return senders.map(({ job, bot_id, name }) => {
    const sender = name === null ? `bot ${bot_id}` : `bot @${name} (${bot_id})`;
    if (bot_id === botId) return fine('sender', `${job} works with ${sender}`);
    return fault(
      'sender',
      `${job} has worked with ${sender} so far, and TELEGRAM_BOT_TOKEN is the token of bot ${botId}`,
      "give that bot's token, or run telesweep doctor --accept-bot if the change is meant",
    );
  });
}
