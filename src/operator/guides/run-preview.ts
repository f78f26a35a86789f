import { printable, wantsColor, widthOf } from '../../output/output.ts';
import { renderTable } from '../../output/table.ts';
import { SettingsError, UsageError } from '../../process/errors.ts';
import { exitCodes } from '../../process/exit-code.ts';
import type { World } from '../../process/world.ts';
import { readOnly } from '../../store/connect.ts';
import type { Guide } from '../../store/guides.ts';
import { readClock } from '../../store/runs.ts';
import { composeGuide, type GuidePost } from '../../telegram/guide-text.ts';
import { type CommandFlags, runCommand } from '../command.ts';
import { type ComingPost, problemsOf, type Rotation, readRotation, refusals } from './rotation.ts';

export interface PreviewFlags extends CommandFlags {
  /** Null for the guide of the next slot. */
  id: string | null;
}

const leastSlots = 6;
/** Of a long round, so many slots are told. */
const mostSlots = 24;

/** `telesweep guides preview`. Never throws. @returns the exit code */
export function runGuidesPreview(flags: PreviewFlags, world: World): Promise<number> {
  return runCommand('guides preview', flags, world, [], async ({ settings, connection, print }) => {
    const rotation = await readOnly(connection, async () =>
      readRotation(await connection.kysely(), await readClock(connection), settings, leastSlots),
    );
    const guide = pick(rotation, flags.id);
    const coming = rotation.coming.slice(0, mostSlots);
    print(flags.json ? json(guide, coming, settings.timeZone) : text(guide, coming, settings.timeZone, world));
    return exitCodes.ok;
  });
}

function pick({ guides, coming }: Rotation, id: string | null): Guide {
  if (id !== null) {
    const guide = guides.find((one) => one.id === id);
    if (guide === undefined) throw new UsageError(`guides: there is no "${id}"; telesweep guides list tells all`);
    return guide;
  }
  const [next] = coming;
  if (next !== undefined) return next.guide;
  const why = guides.length === 0 ? 'there is none' : `all ${guides.length} are disabled`;
  throw new SettingsError([`guides: ${why}; add one with telesweep guides import`]);
}

function json(guide: Guide, coming: readonly ComingPost[], timeZone: string): string {
  const { id, position, title, enabled } = guide;
  const composed = composeGuide(guide);
  const post = composed.kind === 'post' ? composed.post : null;
  const told = {
    guide: { id, position, title, enabled },
    text: post === null ? null : visible(post),
    markdown: post?.text ?? null,
    button: post?.button ?? null,
    problems: composed.kind === 'post' ? [] : composed.problems,
    time_zone: timeZone,
    next: coming.map((one) => ({
      slot: one.slot.start,
      guide_id: one.guide.id,
      title: one.guide.title,
      problems: problemsOf(one.guide),
    })),
  };
  return `${JSON.stringify(told)}\n`;
}

function text(guide: Guide, coming: readonly ComingPost[], timeZone: string, world: World): string {
  const composed = composeGuide(guide);
  const shown = composed.kind === 'post' ? postLines(composed.post, world) : refusals([guide]);
  const state = guide.enabled ? '' : ' (disabled)';
  const head = `Guide ${printable(guide.id)}${state}:\n\n${shown.map((line) => `  ${line}`.trimEnd()).join('\n')}\n`;
  if (coming.length === 0) return head;
  const rows = coming.map((one) => [
    one.slot.local,
    one.guide.id,
    `${problemsOf(one.guide).length === 0 ? '' : '❌ '}${one.guide.title ?? ''}`,
  ]);
  const table = renderTable(['slot', 'guide', 'title'], rows, { maxWidth: widthOf(world) });
  const refused = refusals(coming.map((one) => one.guide)).map((line) => `${line}\n`);
  return `${head}\nThe next slots, in ${timeZone}:\n${table}${refused.join('')}`;
}

/** The text with its bold parts as a terminal shows them, and the button below. */
function postLines(post: GuidePost, world: World): string[] {
  const styled = wantsColor(world, world.stdout);
  const spans = post.spans.map(({ text: plain, bold }) =>
    // Each line for itself, because the lines are indented.
    bold && styled ? printable(plain).replace(/[^\n]+/g, '\x1b[1m$&\x1b[22m') : printable(plain),
  );
  return [...spans.join('').split('\n'), '', `[ ${post.button.text} ] ${post.button.url}`];
}

function visible(post: GuidePost): string {
  return post.spans.map((span) => span.text).join('');
}
