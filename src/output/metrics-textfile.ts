import { randomUUID } from 'node:crypto';
import { chmod, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { codeOf, messageOf } from '../process/errors.ts';
import { mergeMetrics } from './metrics-merge.ts';

/**
 * Writes `telesweep_<job>.prom`, keeping what the text does not mention from the file that stands. The file is replaced in one
 * step, so that a reader never sees half of it. Returns a warning or null; never throws.
 */
export async function writeTextfile(dir: string, job: string, text: string): Promise<string | null> {
  const file = join(dir, `telesweep_${job}.prom`);
  // node_exporter reads `*.prom` alone.
  const draft = `${file}.${randomUUID()}.tmp`;
  try {
    await writeFile(draft, mergeMetrics(await previousText(file), text), { flag: 'wx' });
    // Whatever the umask: node_exporter runs as another user.
    await chmod(draft, 0o644);
    await rename(draft, file);
    return null;
  } catch (error) {
    await rm(draft, { force: true }).catch(() => {});
    return `METRICS_TEXTFILE_DIR: cannot write ${file}: ${codeOf(error) || messageOf(error)}`;
  }
}

async function previousText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return '';
    throw error;
  }
}
