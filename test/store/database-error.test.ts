/** Every class of PostgreSQL's errors means something to an operator, and none is called a defect that our own SQL cannot cause. */
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { exitCodeOfError, exitCodes } from '../../src/process/exit-code.ts';
import { databaseError, rowFault } from '../../src/store/database-error.ts';
import { createScene, type Scene } from '../support/scene.ts';

/** As the driver throws it. */
function refusal(code: string, message = 'the words of PostgreSQL', fields: object = {}): Error {
  return Object.assign(new pg.DatabaseError(message, 1, 'error'), { code, ...fields });
}

/** The classes of the appendix "PostgreSQL Error Codes", with one code of each. */
const classes: readonly [code: string, what: string, exitCode: number][] = [
  ['03000', 'statement not yet complete', exitCodes.defect],
  ['08006', 'connection', exitCodes.unavailable],
  ['09000', 'triggered action', exitCodes.settings],
  ['0A000', 'feature not supported', exitCodes.defect],
  ['0B000', 'invalid transaction initiation', exitCodes.defect],
  ['0F001', 'locator', exitCodes.defect],
  ['0L000', 'invalid grantor', exitCodes.defect],
  ['0P000', 'invalid role', exitCodes.defect],
  ['0Z000', 'diagnostics', exitCodes.defect],
  ['10608', 'XQuery', exitCodes.defect],
  ['20000', 'case not found', exitCodes.settings],
  ['21000', 'cardinality', exitCodes.defect],
  ['22003', 'data', exitCodes.settings],
  ['23503', 'integrity', exitCodes.settings],
  ['24000', 'cursor state', exitCodes.defect],
  ['25P02', 'transaction state', exitCodes.unavailable],
  ['25006', 'read-only', exitCodes.unavailable],
  ['26000', 'statement name', exitCodes.defect],
  ['27000', 'triggered data change', exitCodes.settings],
  ['28P01', 'authorization', exitCodes.unavailable],
  ['2B000', 'dependent privileges', exitCodes.defect],
  ['2D000', 'transaction termination', exitCodes.defect],
  ['2F000', 'SQL routine', exitCodes.settings],
  ['34000', 'cursor name', exitCodes.defect],
  ['38000', 'external routine', exitCodes.settings],
  ['39P01', 'external routine invocation', exitCodes.settings],
  ['3B000', 'savepoint', exitCodes.defect],
  ['3D000', 'catalog name', exitCodes.unavailable],
  ['3F000', 'schema name', exitCodes.settings],
  ['40001', 'serialization', exitCodes.unavailable],
  ['40P01', 'deadlock', exitCodes.unavailable],
  ['42601', 'syntax', exitCodes.defect],
  ['42P01', 'undefined table', exitCodes.settings],
  ['42501', 'right', exitCodes.settings],
  ['44000', 'with check option', exitCodes.settings],
  ['53300', 'resources', exitCodes.unavailable],
  ['54001', 'program limit', exitCodes.defect],
  ['55006', 'object state', exitCodes.unavailable],
  ['55P03', 'lock', exitCodes.unavailable],
  ['57014', 'canceled', exitCodes.unavailable],
  ['57P01', 'shutdown', exitCodes.unavailable],
  ['58030', 'system', exitCodes.unavailable],
  ['72000', 'snapshot', exitCodes.unavailable],
  ['F0000', 'configuration file', exitCodes.unavailable],
  ['HV000', 'foreign data', exitCodes.unavailable],
  ['P0001', 'raised', exitCodes.settings],
  ['XX000', 'internal', exitCodes.unavailable],
  ['45000', "of a trigger's own choice", exitCodes.settings],
];

describe('every class of SQLSTATE', () => {
  test.each(classes)('%s (%s) ends a pass with %i, and PostgreSQL is quoted', (code, _, exitCode) => {
    const error = databaseError(refusal(code));
    expect(exitCodeOfError(error)).toBe(exitCode);
    expect(error.message).toContain('the words of PostgreSQL');
  });

  test('what belongs to rows can be told from the rest, with its constraint or function', () => {
    const ofRows = classes.filter(([code]) => rowFault(databaseError(refusal(code))) !== null).map(([code]) => code);
    expect(ofRows).toEqual([
      ...['09000', '20000', '22003', '23503', '27000', '2F000', '38000', '39P01', '44000', 'P0001', '45000'],
    ]);
    // A trigger that is wrong itself.
    const broken = refusal('42P01', 'relation "archive" does not exist', { where: 'PL/pgSQL function hold() line 1' });
    expect(rowFault(databaseError(broken))?.code).toBe('42P01');
    const held = refusal('23503', 'it is held', { constraint: 'orders_token_fkey' });
    expect(rowFault(databaseError(held))?.words).toBe('it is held (constraint orders_token_fkey)');
    const raised = refusal('P0001', 'no', { where: 'PL/pgSQL function public.keep() line 3 at RAISE' });
    expect(rowFault(databaseError(raised))?.words).toContain('public.keep');
    const long = refusal('P0001', `a\nb\u0000${'x'.repeat(500)}`);
    expect(rowFault(databaseError(long))?.words).toMatch(/^a b x{200,}…$/);
    expect(rowFault(databaseError(long))?.words.length).toBeLessThanOrEqual(300);
  });

  test.each([
    ['25006', 'cannot execute INSERT in a read-only transaction', /read-only .*a standby\?/],
    [
      '55000',
      'cannot delete from table "x" because it does not have a replica identity and publishes deletes',
      /replica identity/,
    ],
    ['42P01', 'relation "tokens" does not exist', /not migrated/],
    ['42501', 'permission denied for table tokens', /lacks a right/],
    ['55P03', 'canceling statement due to lock timeout', /lock/],
    ['08P01', 'transaction blocks not allowed in statement pooling mode', /expected its pool_mode to be transaction/],
  ])('%s says what it is', (code, message, words) => {
    expect(databaseError(refusal(code, message)).message).toMatch(words);
  });

  test.each(['EPIPE', 'ECONNRESET', 'EPERM'])("%s is the socket's, not the server's", (code) => {
    expect(exitCodeOfError(databaseError(Object.assign(new Error('broken'), { code })))).toBe(exitCodes.unavailable);
  });
});

describe('a role that isolates its transactions', () => {
  let scene: Scene;
  beforeAll(async () => {
    scene = await createScene();
  });
  afterAll(() => scene.close());

  test.each([
    'repeatable read',
    'serializable',
  ])('%s: of twelve that start at once one works and the others leave', async (level) => {
    await scene.db.query(`alter database ${scene.db.name} set default_transaction_isolation = '${level}'`);
    const passes = await Promise.all(Array.from({ length: 12 }, () => scene.run(['cleanup-tokens', '--json'])));
    expect(passes.map(({ code }) => code)).toEqual(passes.map(() => 0));
  });
});
