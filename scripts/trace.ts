/**
 * `npm run --silent trace < report.txt`: prints a defect's lines, as they were logged or mailed, with places in the source for
 * those in built files. Needs the source maps of the very build, whose files have a hash in their names: those of the
 * release, or of a build of its tag. `-- FOLDER` says where they are, if not in dist/.
 */
import { readFileSync } from 'node:fs';
import { SourceMap } from 'node:module';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { parseArgs } from 'node:util';

const builtPlace = /(?:file:\/\/)?[^\s"'()]*?(telesweep(?:-[\w-]+)?\.cjs):(\d+):(\d+)/g;

/** @returns the text, and the files in it whose maps are not in the folder */
function trace(report: string, folder: string): { traced: string; missing: string[] } {
  const maps = new Map<string, SourceMap | null>();
  const mapOf = (file: string): SourceMap | null => {
    const known = maps.get(file);
    if (known !== undefined) return known;
    const map = readMap(join(folder, `${file}.map`));
    maps.set(file, map);
    return map;
  };
  // In a line of JSON the stack's lines are joined by \n.
  const traced = report
    .replaceAll('\\n', '\n')
    .replace(builtPlace, (place, file: string, line: string, column: string) => {
      const origin = mapOf(file)?.findOrigin(Number(line), Number(column));
      if (origin === undefined || !('fileName' in origin)) return place;
      return `${origin.fileName.replace(/^(\.\.\/)+/, '')}:${origin.lineNumber}:${origin.columnNumber}`;
    });
  return { traced, missing: [...maps].filter(([, map]) => map === null).map(([file]) => file) };
}

function readMap(file: string): SourceMap | null {
  try {
    return new SourceMap(JSON.parse(readFileSync(file, 'utf8')));
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
}

const { positionals } = parseArgs({ allowPositionals: true });
const folder = positionals[0] ?? 'dist';
if (process.stdin.isTTY) process.stderr.write('Paste the lines of the defect, then press Ctrl-D.\n');
const { traced, missing } = trace(await text(process.stdin), folder);
process.stdout.write(traced);
for (const file of missing) {
  process.stderr.write(
    `trace: ${folder} has no map of ${file}; check out the release that wrote the lines and build it\n`,
  );
  process.exitCode = 1;
}
