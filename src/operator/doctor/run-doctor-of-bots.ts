import { safeWriter, wantsColor, widthOf } from '../../output/output.ts';
import { exitCodes } from '../../process/exit-code.ts';
import type { World } from '../../process/world.ts';
import { sharedPings } from '../../settings/installation.ts';
import { entriesAsJson, forEachBot } from '../bots/each.ts';
import { endCommand } from '../command.ts';
import { doctorText, levelsOf, verdict } from './doctor-text.ts';
import { examine } from './examine.ts';
import { type Finding, fault, warning } from './finding.ts';
import type { DoctorFlags } from './run-doctor.ts';

interface ExaminedBot {
  bot: string;
  findings: Finding[];
  pingUrl: string | null;
  /** The database and the schema, as far as the settings tell. */
  place: string | null;
}

/** `telesweep doctor` over a directory. Never throws. @returns the exit code: 1 where a bot has a fault */
export async function runDoctorOfBots(directory: string, flags: DoctorFlags, world: World): Promise<number> {
  try {
    const bots = await forEachBot(directory, flags, world, async (own, ofBot, bot): Promise<ExaminedBot> => {
      const { findings, settings } = await examine(own, ofBot);
      const { pingUrl, database } = settings;
      const { connectionString, schema = '' } = database;
      const place = connectionString === undefined ? null : `${connectionString} ${schema}`;
      return { bot, findings, pingUrl, place };
    });
    noteSharedPings(bots);
    noteSharedTables(bots);
    const isIll = ({ findings }: ExaminedBot): boolean => levelsOf(findings).faults > 0;
    const exitCodeOf = (bot: ExaminedBot): number => (isIll(bot) ? exitCodes.failed : exitCodes.ok);
    safeWriter(world.stdout)(
      flags.json
        ? entriesAsJson(bots.map((one) => ({ bot: one.bot, exitCode: exitCodeOf(one), told: asJson(one) })))
        : text(bots, world),
    );
    if (world.signal.aborted) return exitCodes.interrupted;
    return bots.some(isIll) ? exitCodes.failed : exitCodes.ok;
  } catch (error) {
    return endCommand(error, 'doctor', flags, world, null, { bots: [] });
  }
}

function noteSharedPings(bots: readonly ExaminedBot[]): void {
  for (const { names } of sharedPings(bots.map(({ bot, pingUrl }) => ({ name: bot, pingUrl })))) {
    const told = `PING_URL: the same for ${names.join(', ')}: the one's success hides the other's failure`;
    const ofThem = bots.filter(({ bot }) => names.includes(bot));
    for (const { findings } of ofThem)
      findings.push(warning('settings', told, 'write {name} into it, or give each its own'));
  }
}

/** Two files of one bot, most likely a copy: their passes and alerts would take turns with each other. */
function noteSharedTables(bots: readonly ExaminedBot[]): void {
  for (const one of bots) {
    const same = bots.filter(({ place }) => place !== null && place === one.place).map(({ bot }) => bot);
    if (same.length < 2) continue;
    const told = `the same database and schema as ${same.filter((bot) => bot !== one.bot).join(', ')}: leases, health and alerts are one`;
    one.findings.push(
      fault('settings', told, 'give each bot a SCHEMA or a database of its own, or take one file away'),
    );
  }
}

function asJson({ findings }: ExaminedBot): object {
  const { faults, warnings } = levelsOf(findings);
  return { ok: faults === 0, faults, warnings, findings };
}

/** Worst first, without what is fine, which would bury the rest; of a bot that has neither a fault nor a warning a line says so. */
function text(bots: readonly ExaminedBot[], world: World): string {
  const badnessOf = ({ findings }: ExaminedBot): number => {
    const { faults, warnings } = levelsOf(findings);
    return faults * 1_000 + warnings;
  };
  const worstFirst = [...bots].sort((a, b) => badnessOf(b) - badnessOf(a));
  const parts = worstFirst.map((bot) => {
    if (badnessOf(bot) === 0) return `${bot.bot}: all is fine\n`;
    const told = bot.findings.filter(({ level }) => level !== 'fine');
    return `${bot.bot}:\n${doctorText(told, widthOf(world), wantsColor(world, world.stdout))}\n`;
  });
  const all = bots.flatMap(({ findings }) => findings);
  return `${parts.join('')}${bots.length} bots: ${verdict(all)}\n`;
}
