import { randomUUID } from 'node:crypto';
import { chmod, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { codeOf, messageOf } from '../process/errors.ts';

/**
 * Replaces the file in one step, so that a reader never sees half of it. One that tells of a later moment stays: of two that are
 * written at once, the older would let counters go back, which Prometheus takes for all of their value anew.
 * @param readAt when the database was read, in seconds since 1970
 * @returns what went wrong, or null; never throws
 */
export async function writeTextfile(file: string, text: string, readAt: number): Promise<string | null> {
  // node_exporter reads `*.prom` alone.
  const draft = `${file}.${randomUUID()}.tmp`;
  try {
    await writeFile(draft, `${mark}${readAt}\n${text}`, { flag: 'wx' });
    // Whatever the umask: node_exporter runs as another user.
    await chmod(draft, 0o644);
    const ahead = (await readAtOf(file)) - readAt;
    if (ahead > 0 && ahead < mostAheadSeconds) await rm(draft);
    else await rename(draft, file);
    return null;
  } catch (error) {
    await rm(draft, { force: true }).catch(() => {});
    return `cannot write ${file}: ${codeOf(error) || messageOf(error)}`;
  }
}

const mark = '# The database as telesweep read it at ';

/** Further ahead of ours than this, a moment is of a clock that went back. */
const mostAheadSeconds = 60;

/** When the database was read for the file that stands; 0 where none stands or it does not say. */
async function readAtOf(file: string): Promise<number> {
  try {
    const text = await readFile(file, 'utf8');
    return text.startsWith(mark) ? Number.parseFloat(text.slice(mark.length)) || 0 : 0;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return 0;
    throw error;
  }
}
