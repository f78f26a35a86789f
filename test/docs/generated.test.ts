import { expect, test } from 'vitest';
import { envExample, fillBlocks, generatedFiles } from '../../scripts/docs.ts';
import { exitCodes } from '../../src/process/exit-code.ts';
import { knownNames, settingsTable } from '../../src/settings/settings-table.ts';

test('what the documentation has from the code is as the code says: npm run docs', async () => {
  const files = await generatedFiles();
  for (const { path, standing, wanted } of files) expect({ path, text: standing }).toEqual({ path, text: wanted });
  const whole = files.map(({ standing }) => standing).join('');
  for (const name of ['settings', 'exit codes', 'metrics']) expect(whole).toContain(`<!-- generated: ${name} -->`);
});

test('a block is filled wherever it stands, and what stands around it is left', () => {
  const page = (inner: string): string =>
    `before\n<!-- generated: exit codes -->\n${inner}<!-- end -->\nbetween\n<!-- generated: settings -->\nold\n<!-- end -->\n`;
  const filled = fillBlocks(page('| 0 | wrong |\n'));
  expect(filled).toBe(fillBlocks(page('')));
  expect(filled).toMatch(/^before\n<!-- generated: exit codes -->\n\| exit code /);
  expect(filled).toMatch(/<!-- end -->\nbetween\n<!-- generated: settings -->\n\| setting /);
  const codes = [...filled.matchAll(/^\| (\d+) \|/gm)].map(([, code]) => Number(code));
  expect(codes).toEqual(Object.values(exitCodes).toSorted((a, b) => a - b));
  for (const { name, meaning } of settingsTable) {
    expect(filled).toMatch(
      new RegExp(`^\\| \`${name}\`.* \\| .*${meaning.slice(-12).replace(/[^\w ]/g, '.')} \\|$`, 'm'),
    );
  }
});

test('a block that nothing generates, or that does not end, is refused', () => {
  expect(() => fillBlocks('<!-- generated: jokes -->\n<!-- end -->')).toThrow('nothing generates "jokes"');
  expect(() => fillBlocks('<!-- generated: settings -->\n\n<!-- generated: settings -->\n<!-- end -->')).toThrow(
    'the block "settings" does not end',
  );
});

test('.env.example names every setting once, and no other', () => {
  const names = [...envExample().matchAll(/^(?:# )?([A-Z_]+)=/gm)].map(([, name]) => name);
  expect(names).toEqual(settingsTable.map(({ name }) => name));
  for (const name of knownNames) expect(envExample()).toContain(`${name}=`);
});
