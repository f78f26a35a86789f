import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect } from 'vitest';
import { SettingsError } from '../../src/process/errors.ts';
import { readSettings, type SettingsRequest } from '../../src/settings/settings.ts';

let folder: string | null = null;
let count = 0;

afterAll(() => {
  if (folder !== null) rmSync(folder, { recursive: true });
  folder = null;
});

/** The path of a new file with this content, in a folder with a space in its name. */
export function fileWith(content: string): string {
  const path = unusedPath();
  writeFileSync(path, content);
  return path;
}

/** A path at which there is nothing. */
export function unusedPath(): string {
  folder ??= mkdtempSync(join(tmpdir(), 'telesweep settings '));
  return join(folder, `file-${++count}`);
}

/** What `readSettings` complains of; empty where all is well. */
export function problemsOf(request: Partial<SettingsRequest>): readonly string[] {
  try {
    readSettings({ env: {}, requires: [], ...request });
    return [];
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    expect(error.message).toBe(error.problems.join('\n'));
    for (const problem of error.problems) expect(problem).not.toContain('\n');
    return error.problems;
  }
}
