import type { Job } from '../../job/job.ts';
import { complain, safeWriter } from '../../output/output.ts';
import { SettingsError, UnavailableError } from '../../process/errors.ts';
import { exitCodes } from '../../process/exit-code.ts';
import { redact } from '../../process/redact.ts';
import type { World } from '../../process/world.ts';
import { checkSettings, type Settings } from '../../settings/settings.ts';
import { expectedOf, settingInfo } from '../../settings/settings-table.ts';
import { type Connection, connect, readOnly } from '../../store/connect.ts';
import { type CommandFlags, endCommand, ofBotAsJson, statementTimeoutMs } from '../command.ts';
import { examine } from '../doctor/examine.ts';
import type { Channel } from './channel.ts';
import { type Ill, illsOf } from './ill.ts';
import { telegramChannel } from './telegram-channel.ts';
import { type Seen, type Told, tell, wouldTell } from './tell.ts';
import { webhookChannel } from './webhook.ts';

export interface AlertFlags extends CommandFlags {
  jobs: readonly Job[];
  dryRun: boolean;
}

/**
 * `telesweep doctor --alert`: looks as doctor does, and tells people. Never throws.
 * @returns the exit code: 1 where a job is ill or there is a fault, whether or not it could be told
 */
export async function runAlert(flags: AlertFlags, world: World): Promise<number> {
  const { envFile, bot } = flags;
  const { settings, problems } = checkSettings({ env: world.env, envFile, ...bot, requires: ['DATABASE_URL'] });
  try {
    checkChannels(settings, problems);
    const connection = await open(settings, world.signal);
    try {
      return await look(flags, world, settings, connection);
    } finally {
      connection.close();
    }
  } catch (error) {
    return endCommand(error, 'doctor', flags, world, settings);
  }
}

/** @throws SettingsError where nobody can be told */
function checkChannels(settings: Settings, problems: readonly string[]): void {
  const { alertChatId, alertBotToken, alertWebhookUrl, database } = settings;
  const canTell = alertWebhookUrl !== null || (alertChatId !== null && alertBotToken !== null);
  if (canTell && database.connectionString !== undefined) return;
  if (problems.length > 0) throw new SettingsError(problems);
  const expected = `expected ${expectedOf(settingInfo('ALERT_CHAT_ID'))}`;
  throw new SettingsError([
    alertChatId === null
      ? `ALERT_CHAT_ID: is missing; ${expected}, or an address as ALERT_WEBHOOK_URL`
      : 'ALERT_BOT_TOKEN: is missing; expected a bot token, or one as TELEGRAM_BOT_TOKEN',
  ]);
}

/** @throws UnavailableError that says what it means for alerts */
async function open(settings: Settings, signal: AbortSignal): Promise<Connection> {
  try {
    return await connect(settings.database, { statementTimeoutMs, signal });
  } catch (error) {
    if (!(error instanceof UnavailableError)) throw error;
    const meaning = 'nobody is alerted, because nothing would keep an alert from being sent twice';
    throw new UnavailableError(`${error.message}; ${meaning}: a monitor behind PING_URL misses the passes`);
  }
}

async function look(flags: AlertFlags, world: World, settings: Settings, connection: Connection): Promise<number> {
  const { jobs, envFile, bot, json, dryRun } = flags;
  const { signal } = world;
  const { findings, healths } = await examine({ jobs, envFile, bot, asked: null }, world);
  const ills = illsOf(healths, findings).map((ill) => hide(ill, settings));
  const seen: Seen = {
    ills,
    incomplete: findings.some(({ unseen }) => unseen),
    timeZone: settings.timeZone,
    after: settings.alertAfter,
    repeatMs: settings.alertRepeatMs,
    name: settings.name,
  };
  const told: Told[] = [];
  for (const channel of channelsOf(settings, connection, signal)) {
    try {
      // Broken off, it may have seen too little, and would call well what it did not see.
      if (signal.aborted) return exitCodes.interrupted;
      told.push(
        dryRun
          ? await readOnly(connection, () => wouldTell(connection, channel, seen))
          : await tell(connection, channel, seen),
      );
    } finally {
      channel.close();
    }
  }
  report(told, ills, flags, world, settings);
  if (json) {
    const ok = ills.length === 0;
    const text = ofBotAsJson(JSON.stringify({ ok, findings, healths, alerts: told }), settings);
    safeWriter(world.stdout)(`${redact(text, settings.secrets)}\n`);
  }
  return ills.length === 0 ? exitCodes.ok : exitCodes.failed;
}

function channelsOf(settings: Settings, connection: Connection, signal: AbortSignal): Channel[] {
  const { alertChatId: chatId, alertBotToken: token, alertWebhookUrl } = settings;
  const channels: Channel[] = [];
  if (chatId !== null && token !== null)
    channels.push(telegramChannel({ token, chatId, settings, connection, signal }));
  if (alertWebhookUrl !== null) channels.push(webhookChannel(alertWebhookUrl));
  return channels;
}

function hide(ill: Ill, { secrets }: Settings): Ill {
  const { why, wayOut } = ill;
  return { ...ill, why: redact(why, secrets), wayOut: wayOut === null ? null : redact(wayOut, secrets) };
}

const kinds = { new: 'a new message', reminder: 'a reminder', over: 'the end of it', edit: 'an edit of the message' };

/** A line of cron prints nothing while there is nothing to say; what could not be said goes to stderr. */
function report(
  told: readonly Told[],
  ills: readonly Ill[],
  flags: AlertFlags,
  world: World,
  settings: Settings,
): void {
  const print = (text: string): void => {
    if (!flags.json) safeWriter(world.stdout)(redact(text, settings.secrets));
  };
  if (flags.dryRun) print('doctor --alert would tell this (nothing was sent or changed):\n');
  for (const { setting, did, kind, text, why } of told) {
    const what = kind === null ? '' : kinds[kind];
    if (flags.dryRun && text === null) {
      const few = ills.length === 0 ? 'all is well' : 'nothing new, or not seen often enough yet';
      print(`\n${setting}: nothing (${few})\n`);
    } else if (flags.dryRun) print(`\n${setting}: ${what}\n${(text ?? '').replace(/^/gm, '  ')}\n`);
    else if (did === 'sent') print(`${setting} was told, ${what}: ${(text ?? '').split('\n', 1).join('')}\n`);
    if (why === null) continue;
    complain(world.stderr, 'doctor', redact(`${setting}: ${troubleOf(did, why)}`, settings.secrets), settings.name);
  }
}

function troubleOf(did: Told['did'], why: string): string {
  switch (did) {
    case 'uncertain':
      return `the alert may not have arrived: ${why}; it is not sent again`;
    case 'unsent':
    case 'gone':
      return `the alert was not sent: ${why}; the next doctor --alert tries again`;
    default:
      return `${why}; it is not sent again`;
  }
}
