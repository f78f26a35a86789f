/** `npm run docs` writes what the documentation has from the code; with `--check` it changes nothing and exits 1 where that is out of date. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pathToFileURL } from 'node:url';
import { main } from '../src/cli/main.ts';
import { describedMetrics } from '../src/output/metrics-text.ts';
import { wrap } from '../src/output/wrap.ts';
import { exitCodeMeanings } from '../src/process/exit-code.ts';
import { version } from '../src/process/version.ts';
import { expectedOf, isSecret, type SettingInfo, settingsTable } from '../src/settings/settings-table.ts';
import { dailyMetrics } from '../src/store/daily-metrics.ts';

const root = join(import.meta.dirname, '..');

/** What stands between `<!-- generated: NAME -->` and `<!-- end -->` in any Markdown file, by name. */
const blocks: Readonly<Record<string, () => string>> = {
  settings: () =>
    table(
      ['setting', 'takes', 'default', 'meaning'],
      settingsTable.map((setting) => [
        `\`${setting.name}\`${isSecret(setting) ? ' (`_FILE`)' : ''}`,
        [setting.format.expected, ...(setting.example === undefined ? [] : [`\`${setting.example}\``])].join(
          ', such as ',
        ),
        setting.default === undefined ? '' : `\`${setting.default}\``,
        setting.meaning,
      ]),
    ),
  metrics: () =>
    table(
      ['metric', 'type', 'tells'],
      describedMetrics.map(({ name, type, help }) => [`\`${name}\``, type, help]),
    ),
  'daily metrics': () =>
    table(
      ['metric', 'day', 'counts'],
      dailyMetrics.map(({ name, day, label }) => [`\`${name}${name.endsWith(':') ? '…' : ''}\``, day, label]),
    ),
  'exit codes': () => table(['exit code', 'meaning'], Object.entries(exitCodeMeanings)),
};

function table(columns: readonly string[], rows: readonly (readonly string[])[]): string {
  const cells = rows.map((row) => row.map((cell) => cell.replace(/<(?=\w)/g, '\\<').replaceAll('|', '\\|')));
  return [columns, columns.map(() => '---'), ...cells].map((row) => `| ${row.join(' | ')} |\n`).join('');
}

/** The text with its generated blocks as they should be. @throws Error for a block that nobody knows or that does not end */
export function fillBlocks(text: string): string {
  return text.replace(
    /<!-- generated: (.*?) -->\n(?:(?:(?!<!-- generated).)*?<!-- end -->)?/gs,
    (found, name: string) => {
      const block = blocks[name];
      if (block === undefined)
        throw new Error(`nothing generates "${name}"; expected ${Object.keys(blocks).join(', ')}`);
      if (!found.endsWith('<!-- end -->')) throw new Error(`the block "${name}" does not end with <!-- end -->`);
      return `<!-- generated: ${name} -->\n${block()}<!-- end -->`;
    },
  );
}

const head = `# Settings of telesweep, written by \`npm run docs\`. Copy this file, fill in the first two, and hand it over:
#
#   telesweep delete-due --env-file .env
#
# The environment wins over this file. Lines that begin with # show the defaults or an example; take the # away to change one.
# A name without a value counts as not given; a name twice is refused. Keep the file to yourself: chmod 600 .env
#
# A value goes to the end of its line. One with a backslash, with a # after a space or of several lines stands in quotes:
# in 'single' ones it is taken as it stands, in "double" ones \\" \\\\ \\$ and \\n mean " \\ $ and a new line.
# docker run --env-file hands quotes over as part of the value: for it, leave them out.
`;

/** `.env.example`: the settings that every bot fills in stand without a value, the others behind a #. */
export function envExample(): string {
  return head + settingsTable.map((setting) => `${heading(setting)}\n${comment(setting)}\n${line(setting)}\n`).join('');
}

function heading({ group }: SettingInfo): string {
  return group === undefined ? '' : `\n# ---- ${group} ----\n`;
}

function comment(setting: SettingInfo): string {
  const { name, meaning, note = [], format } = setting;
  // The line below shows the example where there is no default.
  const takes = setting.default === undefined ? format.expected : expectedOf(setting);
  const file = isSecret(setting) ? [`or: ${name}_FILE=/run/secrets/${name.toLowerCase()}`] : [];
  const lines = [meaning, `takes: ${takes}`, note, file].flat().flatMap((text) => wrap(text, 118));
  return lines.map((text) => `# ${text}`).join('\n');
}

function line({ name, default: standard, example, format }: SettingInfo): string {
  const value = standard ?? example;
  if (value === undefined) return `${name}=`;
  const quote = value.includes('"') ? "'" : format.anyText && value.includes(' ') ? '"' : '';
  return `# ${name}=${quote}${value}${quote}`;
}

/** What `telesweep schedule` prints where nothing is known of the machine. */
async function schedules(): Promise<Map<string, string>> {
  const files = new Map<string, string>();
  for (const [folder, ...args] of [
    ['.', 'crontab'],
    ['deploy/systemd', 'systemd'],
    ['deploy/kubernetes', 'kubernetes', '--image', `registry.example/telesweep:${version}`],
  ]) {
    let printed = '';
    const sink = { write: () => true, on: () => {} };
    const stdout = { ...sink, write: (text: string) => (printed += text) };
    const { signal } = new AbortController();
    const argv = ['schedule', ...args, '--json'];
    // Whatever stands in an env file of this machine.
    const env = args[0] === 'systemd' ? { TIMEZONE: 'UTC', GUIDE_INTERVAL: '4h' } : {};
    await main({ argv, env, stdout, stderr: sink, stdin: Readable.from([]), signal });
    for (const { name, text } of JSON.parse(printed).files) files.set(join(folder ?? '', name), text);
  }
  return files;
}

/** Every file that is generated, whole or in part: as it stands and as it should be. */
export async function generatedFiles(): Promise<{ path: string; standing: string; wanted: string }[]> {
  const pages = ['.', 'docs'].flatMap((folder) =>
    readdirSync(join(root, folder))
      .filter((name) => name.endsWith('.md'))
      .map((name) => join(folder, name)),
  );
  const read = (path: string) => (existsSync(join(root, path)) ? readFileSync(join(root, path), 'utf8') : '');
  const whole = [['.env.example', envExample()] as const, ...(await schedules())];
  return [
    ...whole.map(([path, wanted]) => ({ path, standing: read(path), wanted })),
    ...pages.map((path) => ({ path, standing: read(path), wanted: fillBlocks(read(path)) })),
  ];
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const stale = (await generatedFiles()).filter(({ standing, wanted }) => standing !== wanted);
  const check = process.argv.includes('--check');
  for (const { path, wanted } of stale) {
    if (!check) writeFileSync(join(root, path), wanted);
    process.stdout.write(`${path} ${check ? 'is out of date: npm run docs' : 'is written'}\n`);
  }
  if (check && stale.length > 0) process.exitCode = 1;
}
