import { goTheWay, type Ways, withBots } from './bots.ts';
import type { BotFlag, SharedFlags } from './flags.ts';
import { type Door, type Examples, subcommand } from './subcommand.ts';

const listExamples: Examples = [
  ['telesweep guides list', 'each guide, when it was posted last and when it comes next'],
  ['telesweep guides list --json | jq -r ".guides[].id"', 'for a program'],
];
const importExamples: Examples = [
  ['telesweep guides import guides.csv --dry-run', 'what would be added and changed'],
  ['telesweep guides import guides.json', 'all of the file, or nothing where an entry is wrong'],
  ['telesweep guides import guides.json --replace', 'the guides that the file does not name go'],
];
const previewExamples: Examples = [
  ['telesweep guides preview', 'the next post, and what the next slots bring'],
  ['telesweep guides preview risk-management', 'the post of one guide'],
];

const fieldHelp = `
FILE is JSON, an array of objects, or CSV with a header:

  id,position,title,description,url,enabled,markdown
  risk-management,3,Risk Management,What to risk.,https://example.com/r,true,

  id           names the guide; one that is known is changed, another is added
  position     the order of the rotation; a new guide without one comes last
  title        shown in bold above the description
  url          opened by the button: http, https or tg
  enabled      true where it is left out; others are passed over
  markdown     MarkdownV2 to post in place of title and description

What an entry leaves out, a known guide keeps.
`;

type GuidesArguments = SharedFlags & BotFlag;

/** `guides list | import | preview`. */
export function addGuides({ program, world, exit }: Door): void {
  const guides = subcommand(program, 'guides', 'list, import or preview the guides that post-guide posts');

  const list = subcommand(guides, 'list', 'list the guides in the order of their rotation', listExamples);
  withBots(list).action(async (flags: GuidesArguments) => {
    const { runGuidesList } = await import('../operator/guides/run-list.ts');
    exit(await goTheWay(list, flags, world, { one: (shared) => runGuidesList(shared, world), each: null }));
  });

  const load = subcommand(guides, 'import', 'add and change guides from a file', importExamples, fieldHelp);
  withBots(load)
    .argument('<FILE>', 'JSON or CSV')
    .option('--dry-run', 'show the difference and change nothing')
    .option('--replace', 'remove the guides that FILE does not name')
    .action(async (file: string, flags: GuidesArguments & { dryRun?: true; replace?: true }) => {
      const { runGuidesImport } = await import('../operator/guides/run-import.ts');
      const { dryRun = false, replace = false } = flags;
      const one: Ways['one'] = (shared) => runGuidesImport({ ...shared, file, dryRun, replace }, world);
      exit(await goTheWay(load, flags, world, { one, each: null }));
    });

  const preview = subcommand(
    guides,
    'preview',
    'show a post as Telegram would, and what the next slots bring',
    previewExamples,
  );
  withBots(preview)
    .argument('[ID]', 'a guide; the one of the next slot where it is left out')
    .action(async (id: string | undefined, flags: GuidesArguments) => {
      const { runGuidesPreview } = await import('../operator/guides/run-preview.ts');
      const one: Ways['one'] = (shared) => runGuidesPreview({ ...shared, id: id ?? null }, world);
      exit(await goTheWay(preview, flags, world, { one, each: null }));
    });
}
