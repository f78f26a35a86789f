import { randomUUID } from 'node:crypto';
import { lstat, open, readFile, realpath, rename, rm, stat } from 'node:fs/promises';
import { codeOf, messageOf, UsageError } from '../../process/errors.ts';
import { pageMark } from './page-mark.ts';

/**
 * Puts the page in place in one step, so that nobody reads half of it. What stands there and is no such page stays: a mistyped name
 * must not cost a file, nor `/dev/stdout` its place. A link goes on leading to the page, which keeps its mode.
 * @throws UsageError naming the file and why it cannot be written
 */
export async function writePage(file: string, page: string): Promise<void> {
  const standing = await readStanding(file);
  if (standing !== null && standing.start !== '' && standing.start !== pageMark) {
    throw new UsageError(
      `--html: ${JSON.stringify(file)} is no page of telesweep; expected a new name, or remove it first`,
    );
  }
  // Renaming to the name of a link would replace the link.
  const place = standing === null ? file : await realpath(file);
  const draft = `${place}.${randomUUID()}.tmp`;
  try {
    const handle = await open(draft, 'wx');
    try {
      await handle.writeFile(page);
      if (standing !== null) await handle.chmod(standing.mode);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(draft, place);
  } catch (error) {
    await rm(draft, { force: true }).catch(() => {});
    throw refusal(file, error);
  }
}

interface Standing {
  /** As much as tells whose it is. */
  start: string;
  /** Who may read it stays able to. */
  mode: number;
}

/** Null where none stands. */
async function readStanding(file: string): Promise<Standing | null> {
  try {
    const found = await stat(file);
    if (!found.isFile() && !found.isDirectory()) {
      throw new UsageError(`--html: ${JSON.stringify(file)} is no file; expected the name of one`);
    }
    return { start: (await readFile(file, 'utf8')).slice(0, pageMark.length), mode: found.mode & 0o777 };
  } catch (error) {
    if (error instanceof UsageError) throw error;
    if (codeOf(error) === 'ENOENT' && !(await isLink(file))) return null;
    throw refusal(file, error);
  }
}

async function isLink(file: string): Promise<boolean> {
  return (await lstat(file).catch(() => null))?.isSymbolicLink() === true;
}

function refusal(file: string, error: unknown): UsageError {
  return new UsageError(`--html: cannot write ${JSON.stringify(file)}: ${codeOf(error) || messageOf(error)}`);
}
