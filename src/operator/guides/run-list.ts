import { widthOf } from '../../output/output.ts';
import { renderTable } from '../../output/table.ts';
import { exitCodes } from '../../process/exit-code.ts';
import type { World } from '../../process/world.ts';
import { readOnly } from '../../store/connect.ts';
import { readLastPosted } from '../../store/guide-posts.ts';
import type { Guide } from '../../store/guides.ts';
import { readClock } from '../../store/runs.ts';
import { type CommandFlags, runCommand } from '../command.ts';
import { problemsOf, readRotation, refusals } from './rotation.ts';

interface ListedGuide {
  guide: Guide;
  lastPosted: { start: string; local: string } | null;
  nextSlot: { start: string; local: string } | null;
  problems: string[];
}

/** `telesweep guides list`. Never throws. @returns the exit code */
export function runGuidesList(flags: CommandFlags, world: World): Promise<number> {
  return runCommand('guides list', flags, world, [], async ({ settings, connection, print }) => {
    const listed = await readOnly(connection, async () => {
      const db = await connection.kysely();
      const { guides, coming } = await readRotation(db, await readClock(connection), settings, 0);
      const lastPosted = await readLastPosted(db, settings.timeZone);
      return guides.map(
        (guide): ListedGuide => ({
          guide,
          lastPosted: lastPosted.get(guide.id) ?? null,
          nextSlot: coming.find((post) => post.guide === guide)?.slot ?? null,
          problems: problemsOf(guide),
        }),
      );
    });
    print(flags.json ? json(listed, settings.timeZone) : text(listed, settings.timeZone, widthOf(world)));
    return exitCodes.ok;
  });
}

function json(listed: readonly ListedGuide[], timeZone: string): string {
  const guides = listed.map(({ guide, lastPosted, nextSlot, problems }) => ({
    position: guide.position,
    id: guide.id,
    title: guide.title,
    enabled: guide.enabled,
    last_posted: lastPosted?.start ?? null,
    next_slot: nextSlot?.start ?? null,
    problems,
  }));
  return `${JSON.stringify({ time_zone: timeZone, guides })}\n`;
}

function text(listed: readonly ListedGuide[], timeZone: string, maxWidth: number): string {
  if (listed.length === 0) return 'There is no guide; add some with telesweep guides import.\n';
  const columns = ['position', 'id', 'title', 'enabled', 'last posted', 'next slot'];
  const rows = listed.map(({ guide, lastPosted, nextSlot }) => [
    String(guide.position ?? ''),
    guide.id,
    guide.title ?? '',
    guide.enabled ? 'yes' : 'no',
    lastPosted?.local ?? 'never',
    nextSlot?.local ?? '',
  ]);
  const refused = refusals(listed.map(({ guide }) => guide));
  return `${renderTable(columns, rows, { maxWidth })}${[`Times are in ${timeZone}.`, ...refused].join('\n')}\n`;
}
