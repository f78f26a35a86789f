import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { clearGuides, guidesInOrder, newChannels, postTo } from '../support/guides.ts';
import { guide } from '../support/rows.ts';
import type { RunResult } from '../support/run.ts';
import { createScene, type Scene } from '../support/scene.ts';
import { onTerminal } from '../support/terminal.ts';

let scene: Scene;
const folder = mkdtempSync(join(tmpdir(), 'telesweep-guides-'));

beforeAll(async () => {
  scene = await createScene();
});
afterAll(async () => {
  rmSync(folder, { recursive: true });
  await scene.close();
});
beforeEach(() => clearGuides(scene));

const rows = (): Promise<Record<string, unknown>[]> =>
  scene.db.query('select id, position, title, description, url, enabled, markdown from guides order by position, id');

function importing(name: string, content: string | Buffer, ...flags: string[]): Promise<RunResult> {
  const file = join(folder, name);
  writeFileSync(file, content);
  return scene.run(['guides', 'import', file, ...flags]);
}

const asJson = (value: unknown): string => JSON.stringify(value);
const url = 'https://example.com/x';

describe('guides import', () => {
  test('takes CSV with a header, quotes, empty cells and both line ends', async () => {
    const csv = [
      'id,position,title,description,url,enabled,markdown\r\n',
      '"one",1,"Title, with ""quotes""","Two\nlines",https://example.com/1,true,\r\n',
      'two,2,Second,,https://example.com/2,no,*bold*\n',
      ',,,,,,\n',
      'three,,Third,Text,https://example.com/3,,',
    ].join('');
    const { code, stdout } = await importing('guides.csv', csv);
    expect(code).toBe(0);
    expect(stdout).toContain('3 added, 0 changed, 0 unchanged\n  + one: Title, with "quotes"\n');
    expect(await rows()).toEqual([
      {
        id: 'one',
        position: 1,
        title: 'Title, with "quotes"',
        description: 'Two\nlines',
        url: 'https://example.com/1',
        enabled: true,
        markdown: null,
      },
      {
        id: 'two',
        position: 2,
        title: 'Second',
        description: null,
        url: 'https://example.com/2',
        enabled: false,
        markdown: '*bold*',
      },
      {
        id: 'three',
        position: 3,
        title: 'Third',
        description: 'Text',
        url: 'https://example.com/3',
        enabled: true,
        markdown: null,
      },
    ]);
  });

  test('takes CSV as spreadsheets write it: with a mark at its start and semicolons', async () => {
    const { code } = await importing('excel.csv', `\uFEFFid;title;url\r\none;A, b;${url}\r\n`);
    expect(code).toBe(0);
    expect(await rows()).toMatchObject([{ id: 'one', title: 'A, b', url }]);
  });

  test.each<[string, string, BufferEncoding]>([
    ['tabs', `id\ttitle\turl\none\tA, b; c\t${url}\n`, 'utf8'],
    ['tabs in UTF-16, as "Unicode text"', `\uFEFFid\ttitle\turl\r\none\tA, b; c\t${url}\r\n`, 'utf16le'],
    ['a line that names the separator', `sep=;\r\nid;title;url\r\none;"A, b; c";${url}\r\n`, 'utf8'],
    ['line ends of old Macs', `id,title,url\rone,"A, b; c",${url}\r`, 'utf8'],
  ])('takes CSV with %s', async (_what, text, encoding) => {
    const { code, stderr } = await importing('sheet.csv', Buffer.from(text, encoding));
    expect(stderr).toBe('');
    expect(code).toBe(0);
    expect(await rows()).toMatchObject([{ id: 'one', title: 'A, b; c', url }]);
  });

  test('line breaks in a cell are those of Unix, whatever the file has', async () => {
    const text = `id,title,description,url\r\none,T,"a\r\nb\rc",${url}\r\n`;
    expect((await importing('mixed.csv', `${text},,x,\r\n`)).stderr).toContain('mixed.csv, line 5: id is missing');
    await importing('mixed.csv', text);
    expect(await rows()).toMatchObject([{ description: 'a\nb\nc' }]);
  });

  test('takes JSON, whatever the name of the file', async () => {
    const guides = [{ id: 'one', title: 'First', url, position: 7, enabled: false, description: 'D', markdown: null }];
    expect((await importing('guides.txt', `\n ${asJson(guides)}`)).code).toBe(0);
    expect(await rows()).toEqual(guides);
  });

  test('changes what an entry names and keeps the rest', async () => {
    await guide(scene.db, { id: 'a', position: 4, title: 'Old', description: 'Kept', enabled: false });
    await guide(scene.db, { id: 'b', position: 5, title: 'Same' });
    const { stdout } = await importing(
      'g.json',
      asJson([
        { id: 'a', title: 'New' },
        { id: 'b', title: 'Same', enabled: true },
        { id: 'c', title: 'Added', url },
      ]),
    );
    expect(stdout).toContain('1 added, 1 changed, 1 unchanged\n  + c: Added\n  ~ a: title\n');
    expect(await rows()).toMatchObject([
      { id: 'a', position: 4, title: 'New', description: 'Kept', enabled: false },
      { id: 'b', position: 5, title: 'Same' },
      { id: 'c', position: 6, title: 'Added', enabled: true },
    ]);
    const again = await importing('g.json', asJson([{ id: 'a', title: 'New' }]), '--json');
    expect(JSON.parse(again.stdout)).toEqual({ dry_run: false, added: [], changed: [], unchanged: ['a'], removed: [] });
  });

  test('--replace removes what the file does not name, and nothing else does', async () => {
    await guidesInOrder(scene.db, 'a', 'b', 'c');
    await importing('g.json', asJson([{ id: 'b' }]));
    expect(await rows()).toHaveLength(3);
    const { stdout } = await importing('g.json', asJson([{ id: 'b' }]), '--replace');
    expect(stdout).toContain('0 added, 0 changed, 1 unchanged, 2 removed\n  - a: Guide a\n  - c: Guide c\n');
    expect(await rows()).toMatchObject([{ id: 'b' }]);
  });

  test('--dry-run shows the difference and changes nothing', async () => {
    await guidesInOrder(scene.db, 'a', 'b');
    const before = await rows();
    const file = asJson([
      { id: 'a', title: 'Other', position: 9 },
      { id: 'n', title: 'New', url },
    ]);
    const told = await importing('g.json', file, '--dry-run', '--replace', '--json');
    expect(told.code).toBe(0);
    expect(JSON.parse(told.stdout)).toEqual({
      dry_run: true,
      added: ['n'],
      changed: [{ id: 'a', fields: ['position', 'title'] }],
      unchanged: [],
      removed: ['b'],
    });
    expect((await importing('g.json', file, '--dry-run')).stdout).toContain('would be imported (nothing was changed)');
    expect(await rows()).toEqual(before);
  });

  test('names every mistake with its line and changes nothing', async () => {
    await guidesInOrder(scene.db, 'a');
    const before = await rows();
    const { code, stderr, stdout } = await importing(
      'bad.csv',
      [
        'id,position,title,url,enabled,markdown',
        `good,1,Good,${url},true,`,
        `,2,No id,${url},true,`,
        `x,two,Title,${url},maybe,`,
        `good,3,Twice,${url},true,`,
        'y,4,,https://localhost/x,true,',
        `z,5,${'long '.repeat(1000)},${url},true,`,
        `m,6,Title,${url},true,a.b`,
        'short,7',
        'n,8,No url,,true,',
      ].join('\n'),
    );
    expect(code).toBe(64);
    expect(stdout).toBe('');
    const lines = stderr
      .trimEnd()
      .split('\n')
      .map((line) => line.replace(/^telesweep guides import: .*?bad\.csv, /, ''));
    expect(lines).toEqual([
      'line 9: has 2 cells; the header has 6',
      'line 3: id is missing',
      'line 4: position "two" is not a whole number',
      'line 4: enabled "maybe" is neither true nor false',
      'line 5: the id "good" stands in line 2 already',
      'telesweep guides import: nothing was changed',
    ]);
    expect(await rows()).toEqual(before);
  });

  test('checks each post as Telegram would, after the fields', async () => {
    const guides = [
      { id: 'a', title: 'Fine', url },
      { id: 'no-url', title: 'T' },
      { id: 'no-title', url },
      { id: 'host', title: 'T', url: 'https://localhost/x' },
      { id: 'empty-host', title: 'T', url: 'https:///x' },
      { id: 'scheme', title: 'T', url: 'ftp://example.com/x' },
      { id: 'long', title: 'x'.repeat(5000), url },
      { id: 'dots', title: 'T', url, markdown: 'Hello. *bold*' },
      { id: 'open', title: 'T', url, markdown: 'Hello *bold' },
    ];
    const { code, stderr } = await importing('posts.json', asJson(guides));
    expect(code).toBe(64);
    const complaints: [number, string][] = [
      [2, '"no-url": it has no url'],
      [3, '"no-title": it has no title'],
      [4, '"host": its url "https://localhost/x" has a host without a dot'],
      [5, '"empty-host": its url "https:///x" names no host'],
      [6, '"scheme": its url "ftp://example.com/x" is of a kind that Telegram does not open'],
      [7, '"long": its text (title of 5000) has 5000 characters; Telegram takes at most 4096'],
      [8, '"dots": its markdown is not MarkdownV2: "." must be written "\\." (line 1, column 6)'],
      [9, '"open": its markdown is not MarkdownV2: the bold that begins with "*" is never closed (line 1, column 7)'],
    ];
    for (const [entry, text] of complaints) expect(stderr).toContain(`posts.json, entry ${entry}: ${text}`);
    expect(stderr).not.toContain('entry 1:');
    expect(await rows()).toEqual([]);
  });

  test.each<[string, string | Buffer, string]>([
    ['empty.csv', '', 'empty.csv: holds no guide'],
    ['header.csv', 'id,title\n', 'header.csv: holds no guide'],
    ['none.json', '[]', 'none.json: holds no guide'],
    ['object.json', '{"id":"a"}', 'object.json: is not a JSON array'],
    ['broken.json', '[\n {"id": "a",}\n]', 'broken.json, line 2, column 13: is not JSON'],
    ['list.json', '["a"]', 'list.json, entry 1: is no object'],
    ['types.json', '[{"id":5}]', 'types.json, entry 1: id 5 is not a text of one line'],
    ['types.json', '[{"id":"a","title":5}]', 'types.json, entry 1: title 5 is not a text'],
    ['unknown.json', '[{"id":"a","titel":"x"}]', 'entry 1: "titel" is no field of a guide; did you mean "title"?'],
    ['unknown.csv', 'id,link\na,b', 'unknown.csv, line 1: "link" is no field of a guide; expected id, position'],
    ['noid.csv', 'title,url\na,b', 'noid.csv, line 1: the header lacks the column "id"'],
    ['twice.csv', 'id,id\na,b', 'twice.csv, line 1: the column "id" comes twice'],
    ['quote.csv', 'id,title\na,"b\nc', 'quote.csv, line 2: opens a quote that nothing closes'],
    ['after.csv', 'id,title\na,"b"c', 'after.csv, line 2: has text after a closing quote'],
    [
      'latin.csv',
      Buffer.from('id,title\na,\xe9', 'latin1'),
      'latin.csv: cannot be read: it is not UTF-8; save it as UTF-8',
    ],
    ['nul.csv', 'id,title\na,x\0y', 'nul.csv: cannot be read: it holds NUL characters'],
    ['nul.json', '[{"id":"a","title":"x\\u0000y"}]', 'nul.json, entry 1: title "x\\u0000y" holds a NUL character'],
    ['half.json', '[{"id":"a","description":"\\ud83d"}]', 'entry 1: description "\\ud83d" holds half a character'],
    ['half.json', '[{"id":"\\udc00"}]', 'half.json, entry 1: id "\\udc00" is not a text of one line'],
    [
      'twice.json',
      '[{"id":"a","title":"[{,\\\\"},{"id":"b","title" : "x","ti\\u0074le":"y"}]',
      'twice.json, entry 2: the field "title" comes twice',
    ],
    ['pipes.csv', 'id|title\na|b', 'the header lacks the column "id"; columns stand apart by , or ; or a tab'],
  ])('%s: %j is refused', async (name, content, message) => {
    const { code, stderr } = await importing(name, content);
    expect(code).toBe(64);
    expect(stderr).toContain(message);
    expect(await rows()).toEqual([]);
  });

  test('a file that is not there', async () => {
    const { code, stderr, stdout } = await scene.run(['guides', 'import', join(folder, 'none.csv'), '--json']);
    expect(code).toBe(64);
    expect(stderr).toContain('none.csv: cannot be read: no such file');
    expect(JSON.parse(stdout)).toMatchObject({ ok: false, error: expect.stringContaining('no such file') });
  });

  test('a thousand guides, twice at once', async () => {
    const file = asJson(Array.from({ length: 1000 }, (_, n) => ({ id: `g${n}`, title: `T ${n}`, url })));
    const results = await Promise.all([importing('many.json', file), importing('many.json', file)]);
    expect(results.map(({ code }) => code)).toEqual([0, 0]);
    expect((await rows()).map(({ id }) => id)).toEqual(Array.from({ length: 1000 }, (_, n) => `g${n}`));
  });
});

describe('guides import into a table with rules of its own', () => {
  const both = asJson([
    { id: 'a', title: 'A', url },
    { id: 'b', title: 'A longer one', url },
  ]);

  /** Imports under a rule, which then goes. */
  async function under(rule: string, content: string, ...flags: string[]): Promise<RunResult> {
    await scene.db.query(rule);
    try {
      const before = await rows();
      const result = await importing('g.json', content, ...flags);
      if (result.code !== 0) expect(await rows()).toEqual(before);
      return result;
    } finally {
      await scene.db.query(`
        alter table guides drop column if exists owner, drop constraint if exists rule;
        alter table guides alter title type text;
        drop trigger if exists rule on guides; drop function if exists rule() cascade`);
    }
  }

  test.each<[string, string, string[]]>([
    [
      'one more column that must be filled',
      'alter table guides add owner text not null',
      ['the column "owner" of the table guides must not be NULL and has no default', 'nothing was changed'],
    ],
    [
      'a title that is too long for it',
      'alter table guides alter title type varchar(5)',
      ['g.json, entry 2: "b": the table guides refuses it: value too long', 'nothing was changed'],
    ],
    [
      'a check',
      "alter table guides add constraint rule check (title not like 'A %')",
      ['g.json, entry 2: "b": the table guides refuses it: new row .* violates check constraint "rule"', 'nothing was'],
    ],
    [
      'a key that two share',
      'alter table guides add constraint rule unique (url)',
      ['g.json, entry 2: "b": the table guides refuses it: duplicate key .*"rule" \\(Key \\(url\\)=', 'nothing was'],
    ],
    [
      'a key that is looked at in the end',
      'alter table guides add constraint rule unique (url) deferrable initially deferred',
      ['g.json, entry 2: "b": the table guides refuses it: duplicate key', 'nothing was'],
    ],
    [
      'a trigger that raises',
      `create function rule() returns trigger language plpgsql as $$ begin
         if new.id = 'b' then raise 'no more guides'; end if; return new; end $$;
       create trigger rule before insert on guides for each row execute function rule()`,
      ['g.json, entry 2: "b": the table guides refuses it: no more guides', 'nothing was changed'],
    ],
    [
      'a trigger that keeps rows back',
      `create function rule() returns trigger language plpgsql as $$ begin
         if new.id = 'b' then return null; end if; return new; end $$;
       create trigger rule before insert on guides for each row execute function rule()`,
      ['g.json, entry 2: "b": a trigger or rule of the table guides holds the change back', 'nothing was changed'],
    ],
  ])('%s', async (_what, rule, expected) => {
    const { code, stdout, stderr } = await under(rule, both);
    expect(code).toBe(78);
    expect(stdout).toBe('');
    expect(stderr.trimEnd().split('\n')).toEqual(
      expected.map((text) => expect.stringMatching(new RegExp(`^telesweep guides import: (/.*)?${text}`))),
    );
  });

  test('a trigger that lets no guide go', async () => {
    await guidesInOrder(scene.db, 'a', 'z');
    const keep = `create function rule() returns trigger language plpgsql as $$ begin return null; end $$;
      create trigger rule before delete on guides for each row execute function rule()`;
    const { code, stderr } = await under(keep, both, '--replace');
    expect(code).toBe(78);
    expect(stderr).toContain('--replace: "z": a trigger or rule of the table guides holds the change back');
  });

  test('one more column that has a default is no matter', async () => {
    const { code } = await under("alter table guides add owner text not null default 'bot'", both);
    expect(code).toBe(0);
  });
});

describe('guides list', () => {
  test('tells order, state, last and next post', async () => {
    const ids = newChannels(scene, 1);
    await guidesInOrder(scene.db, 'a', 'b');
    await guide(scene.db, { id: 'off', position: 3, enabled: false });
    await guide(scene.db, { id: 'bad', position: 4, title: 'No address', url: null });
    await scene.pass(['post-guide'], postTo(ids, { TIMEZONE: 'Europe/Berlin' }));
    const { code, stdout } = await scene.run(['guides', 'list'], { TIMEZONE: 'Europe/Berlin' });
    expect(code).toBe(0);
    const lines = stdout.split('\n').map((line) => line.trimEnd().split(/ {2,}/));
    expect(lines[0]).toEqual(['position', 'id', 'title', 'enabled', 'last posted', 'next slot']);
    expect(lines.slice(2, 6).map((line) => line.filter((cell) => cell !== ''))).toEqual([
      ['1', 'a', 'Guide a', 'yes', '2026-05-06 08:00', '2026-05-06 20:00'],
      ['2', 'b', 'Guide b', 'yes', 'never', '2026-05-06 12:00'],
      ['3', 'off', 'A guide', 'no', 'never'],
      ['4', 'bad', 'No address', 'yes', 'never', '2026-05-06 16:00'],
    ]);
    expect(stdout).toContain('Times are in Europe/Berlin.\n❌ "bad" would be refused: it has no url;');
  });

  test('--json', async () => {
    await guidesInOrder(scene.db, 'a');
    const { stdout } = await scene.run(['guides', 'list', '--json']);
    expect(JSON.parse(stdout)).toEqual({
      time_zone: 'UTC',
      guides: [
        {
          position: 1,
          id: 'a',
          title: 'Guide a',
          enabled: true,
          last_posted: null,
          next_slot: '2026-05-06T08:00:00.000000Z',
          problems: [],
        },
      ],
    });
  });

  test('is the same whatever style and zone the session has for times', async () => {
    const [id = ''] = newChannels(scene, 1);
    await guidesInOrder(scene.db, 'a', 'b');
    const look = async (): Promise<unknown[]> => {
      await scene.db.query('truncate telesweep.guide_posts, telesweep.leases');
      const { code, summary } = await scene.pass(['post-guide'], postTo([id]));
      const list = await scene.run(['guides', 'list']);
      const preview = await scene.run(['guides', 'preview', '--json']);
      return [code, summary.counts, list.stdout, preview.stdout];
    };
    const plain = await look();
    for (const [style, interval] of [
      ['German, DMY', 'sql_standard'],
      ['SQL, MDY', 'iso_8601'],
    ]) {
      await scene.db.query(`
        alter database ${scene.db.name} set datestyle = '${style}';
        alter database ${scene.db.name} set intervalstyle = '${interval}';
        alter database ${scene.db.name} set timezone = 'Asia/Kolkata'`);
      try {
        expect(await look()).toEqual(plain);
      } finally {
        for (const name of ['datestyle', 'intervalstyle', 'timezone']) {
          await scene.db.query(`alter database ${scene.db.name} reset ${name}`);
        }
      }
    }
  });

  test('without guides', async () => {
    const { code, stdout } = await scene.run(['guides', 'list']);
    expect(code).toBe(0);
    expect(stdout).toBe('There is no guide; add some with telesweep guides import.\n');
  });
});

describe('guides preview', () => {
  test('prints the post and what the next slots bring', async () => {
    await guide(scene.db, { id: 'a', position: 1, title: 'Risk & (reward)', description: 'One.\n\nTwo.' });
    await guide(scene.db, { id: 'b', position: 2, title: 'Bad', url: 'https://host' });
    const { code, stdout } = await scene.run(['guides', 'preview']);
    expect(code).toBe(0);
    expect(stdout).toBe(
      [
        'Guide a:',
        '',
        '  Risk & (reward)',
        '',
        '  One.',
        '',
        '  Two.',
        '',
        '  [ 📖 Read Guide ] https://example.com/guides/a',
        '',
        'The next slots, in UTC:',
        'slot              guide  title',
        '────────────────  ─────  ───────────────',
        '2026-05-06 08:00  a      Risk & (reward)',
        '2026-05-06 12:00  b      ❌ Bad',
        '2026-05-06 16:00  a      Risk & (reward)',
        '2026-05-06 20:00  b      ❌ Bad',
        '2026-05-07 00:00  a      Risk & (reward)',
        '2026-05-07 04:00  b      ❌ Bad',
        '❌ "b" would be refused: its url "https://host" has a host without a dot; expected an address such as https://example.com/guide',
        '',
      ].join('\n'),
    );
  });

  test('of a guide by its id, with Markdown of its own', async () => {
    await guidesInOrder(scene.db, 'a', 'b');
    await scene.db.query(
      "update guides set markdown = 'All *bold \\* star* and ||hidden||', enabled = false where id = 'b'",
    );
    const { stdout } = await scene.run(['guides', 'preview', 'b']);
    expect(stdout).toContain('Guide b (disabled):\n\n  All bold * star and hidden\n\n  [ 📖 Read Guide ]');
    const json = JSON.parse((await scene.run(['guides', 'preview', 'b', '--json'])).stdout);
    expect(json).toMatchObject({
      guide: { id: 'b', enabled: false },
      text: 'All bold * star and hidden',
      markdown: 'All *bold \\* star* and ||hidden||',
      button: { text: '📖 Read Guide', url: 'https://example.com/guides/b' },
      problems: [],
    });
    expect(json.next[0]).toEqual({
      slot: '2026-05-06T08:00:00.000000Z',
      guide_id: 'a',
      title: 'Guide a',
      problems: [],
    });
  });

  test('foretells what passes then do, slot by slot', async () => {
    const ids = newChannels(scene, 1);
    await guidesInOrder(scene.db, 'a', 'b', 'c');
    const env = postTo(ids, { TIMEZONE: 'America/New_York', GUIDE_INTERVAL: '7h' });
    await scene.pass(['post-guide'], env);
    const { next } = JSON.parse((await scene.run(['guides', 'preview', '--json'], env)).stdout);
    expect(next).toHaveLength(6);
    for (const { slot, guide_id } of next) {
      await scene.db.setClock(slot);
      await scene.pass(['post-guide'], env);
      const [post] = await scene.db.query<{ slot: Date; guide_id: string }>(
        'select slot, guide_id from telesweep.guide_posts order by slot desc limit 1',
      );
      expect({ slot: post?.slot, guide_id: post?.guide_id }).toEqual({ slot: new Date(slot), guide_id });
    }
  });

  test.each([
    [['guides', 'preview', 'nobody'], 64, 'guides: there is no "nobody"; telesweep guides list tells all'],
    [['guides', 'preview'], 78, 'guides: there is none; add one with telesweep guides import'],
    [['guides', 'import'], 64, "missing required argument 'FILE'"],
  ])('%j exits %i', async (args, code, message) => {
    const result = await scene.run(args);
    expect(result.code).toBe(code);
    expect(result.stderr).toContain(message);
  });

  test('shows bold on a terminal, and plain where NO_COLOR is set', async () => {
    await guide(scene.db, { id: 'a', position: 1, title: 'Two\nlines', description: 'plain' });
    const env = { DATABASE_URL: scene.db.url };
    const bold = await onTerminal(['guides', 'preview'], { ...env, NO_COLOR: '' }, []);
    expect(bold.screen).toContain('\n  \x1b[1mTwo\x1b[22m\n  \x1b[1mlines\x1b[22m\n\n  plain\n');
    const plain = await onTerminal(['guides', 'preview'], { ...env, NO_COLOR: '1' }, []);
    expect(plain.screen).toContain('\n  Two\n  lines\n\n  plain\n');
  });

  test('keeps control characters of a title off the terminal', async () => {
    await guide(scene.db, { id: 'evil', position: 1, title: 'a\x1b[31mb\x07' });
    for (const command of ['preview', 'list']) {
      const { stdout } = await scene.run(['guides', command]);
      expect(stdout).toContain('a[31mb');
      // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be there
      expect(stdout).not.toMatch(/[\x00-\x09\x0b-\x1f]/);
    }
  });
});
