import { writeFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseEnvFile } from '../../src/settings/env-file.ts';
import { readSettings } from '../../src/settings/settings.ts';
import { fileWith, problemsOf, unusedPath } from './problems.ts';

/** As a shell and compose write it. */
const braced = '$' + '{PASSWORD}';

describe('a value is taken whole', () => {
  test.each([
    ["NOTICE_TEXT=Don't panic…", "Don't panic…"],
    ['NOTICE_TEXT="Don\'t panic…"', "Don't panic…"],
    ['NOTICE_TEXT="Press \\"Start\\""', 'Press "Start"'],
    ['NOTICE_TEXT=\'Press "Start"\'', 'Press "Start"'],
    ['NOTICE_TEXT=Press "Start"', 'Press "Start"'],
    ['NOTICE_TEXT=Channel#1', 'Channel#1'],
    ['NOTICE_TEXT="Channel #1" # which', 'Channel #1'],
    ['NOTICE_TEXT="one\\ntwo\\\\n"', 'one\ntwo\\n'],
    ["NOTICE_TEXT='one\\ntwo'", 'one\\ntwo'],
    [`NOTICE_TEXT='costs $HOME, ${braced}'`, `costs $HOME, ${braced}`],
    [`NOTICE_TEXT="costs \\${braced}"`, `costs ${braced}`],
    ['NOTICE_TEXT=pa$word $5', 'pa$word $5'],
    ['NOTICE_TEXT = spaced out ', 'spaced out'],
    ['export NOTICE_TEXT="a\nb=c\n\nd"', 'a\nb=c\n\nd'],
    ['NOTICE_TEXT=a=b', 'a=b'],
  ])('%j', (line, noticeText) => {
    expect(readSettings({ env: {}, envFile: fileWith(`# first\n${line}\n`), requires: [] }).noticeText).toBe(
      noticeText,
    );
  });

  test('a comment after a value that cannot hold one', () => {
    const envFile = fileWith('TELEGRAM_RATE=5 # calls\nNOTICE=edit\t#x\nPING_URL=  # none\nTIMEZONE= # UTC');
    expect(readSettings({ env: {}, envFile, requires: [] })).toMatchObject({
      ratePerSecond: 5,
      notice: 'edit',
      pingUrl: null,
      timeZone: 'UTC',
    });
  });

  test('whatever it holds, in quotes or single quotes', () => {
    const anyText = fc.string({ unit: 'binary' }).map((text) => text.replace(/[\0\r]|\p{Surrogate}/gu, ''));
    fc.assert(
      fc.property(anyText, (text) => {
        const double = `A="${text.replace(/["\\$`]/g, '\\$&')}"\nB=1`;
        // A line that would be a setting of its own takes \n.
        const closed = double.replace(/\n(?!B=1$)/g, '\\n');
        expect(parseEnvFile(closed)).toEqual({ values: { A: text, B: '1' }, complaints: [] });
        if (/['\n]/.test(text)) return;
        expect(parseEnvFile(`A='${text}'\nB=1`)).toEqual({ values: { A: text, B: '1' }, complaints: [] });
      }),
      { numRuns: 2_000, examples: [['\u2028'], ['a\u2029\\\u2028b']] },
    );
  });
});

describe('what has more than one meaning is refused with its line', () => {
  test.each([
    ["NOTICE_TEXT='Don't panic…'", 'NOTICE_TEXT has text after its closing quote; write "…"'],
    ['NOTICE_TEXT="Press "Start""', 'NOTICE_TEXT has text after its closing quote; write \\"'],
    ['NOTICE_TEXT=Channel #1', 'NOTICE_TEXT has a # after a space'],
    ['PGPASSWORD=abc #def', 'PGPASSWORD has a # after a space'],
    ['DATABASE_URL=postgres://u:1234 #x@h/db', 'DATABASE_URL has a # after a space'],
    ['NOTICE_TEXT=one\\ntwo', 'NOTICE_TEXT has a backslash'],
    ['NOTICE_TEXT=goes on \\', 'NOTICE_TEXT has a backslash'],
    ['NOTICE_TEXT="one\\ttwo"', 'NOTICE_TEXT has a backslash'],
    ['NOTICE_TEXT=`gone`', 'NOTICE_TEXT stands in backticks'],
    [`DATABASE_URL=postgres://u:${braced}@h/db`, 'DATABASE_URL names another variable'],
    ['METRICS_TEXTFILE_DIR="$HOME/metrics"', 'METRICS_TEXTFILE_DIR names another variable'],
    ['METRICS_TEXTFILE_DIR=$(pwd)', 'METRICS_TEXTFILE_DIR names another variable'],
  ])('%j', (line, complaint) => {
    const envFile = fileWith(`NOTICE=none\n\n${line}\nTELEGRAM_RATE=fast\n`);
    const problems = problemsOf({ envFile });
    expect(problems).toEqual([
      expect.stringContaining(`--env-file: "${envFile}" is malformed: line 3: ${complaint}`),
      expect.stringMatching(/^TELEGRAM_RATE: "fast"/),
    ]);
  });

  test('nothing is called missing for it', () => {
    const envFile = fileWith(`DATABASE_URL=postgres://u:${braced}@h/db`);
    expect(problemsOf({ envFile, requires: ['DATABASE_URL', 'TELEGRAM_BOT_TOKEN'] })).toHaveLength(1);
  });

  test('a name twice, whatever it says', () => {
    expect(parseEnvFile('A=1\nB=2\n\nA=1\nexport A=\n')).toEqual({
      values: { A: '1', B: '2' },
      complaints: [
        'line 4 gives A again, after line 1; take one out',
        'line 5 gives A again, after line 1; take one out',
      ],
    });
  });

  test('a quote that is closed only by that of a later setting', () => {
    expect(parseEnvFile('A="one\nB=two\nC="three"')).toEqual({
      values: { B: 'two', C: 'three' },
      complaints: ['line 1 opens a quote that nothing closes before the next setting'],
    });
  });
});

describe('encodings', () => {
  const envFile = (bytes: Buffer): string => {
    const path = unusedPath();
    writeFileSync(path, bytes);
    return path;
  };
  const text = '\uFEFFNOTICE=edit\r\nNOTICE_TEXT=Löschen ♻️\r\n';
  const wanted = { notice: 'edit', noticeText: 'Löschen ♻️' };

  test('UTF-16 with its mark, as PowerShell writes it, is read', () => {
    const little = Buffer.from(text, 'utf16le');
    expect(readSettings({ env: {}, envFile: envFile(little), requires: [] })).toMatchObject(wanted);
    expect(readSettings({ env: {}, envFile: envFile(Buffer.from(little).swap16()), requires: [] })).toMatchObject(
      wanted,
    );
  });

  test.each([
    [Buffer.from('NOTICE_TEXT=L\xf6schen', 'latin1'), 'it is not UTF-8; save it as UTF-8'],
    [Buffer.from('NOTICE=edit', 'utf16le'), 'it holds NUL characters; save it as UTF-8 text'],
    [Buffer.from([0xff, 0xfe, 0x00, 0xd8]), 'it is not UTF-16LE; save it as UTF-8'],
  ])('%j is refused', (bytes, reason) => {
    expect(problemsOf({ envFile: envFile(bytes) })).toEqual([
      expect.stringMatching(new RegExp(`cannot be read: ${reason}$`)),
    ]);
  });

  test('line ends of any kind', () => {
    expect(parseEnvFile('A=1\rB=2\r\nC="x\r\ny"\n').values).toEqual({ A: '1', B: '2', C: 'x\ny' });
  });
});
