import { everyOwnTable } from '../../../migrations/every-own-table.ts';
import { schemaName } from '../../../migrations/own-table.ts';
import type { Settings } from '../../settings/settings.ts';
import type { Connection } from '../../store/connect.ts';
import { readLostSchemas, readNamesakes, readTies, type Tie } from '../../store/ties.ts';
import { type Finding, fault, fine, warning } from './finding.ts';

/** Foreign keys, triggers, rules and publications that may hold a row, and tables of the same names elsewhere. */
export async function checkTies(
  connection: Connection,
  { schema: named }: Pick<Settings, 'schema'>,
): Promise<Finding[]> {
  const findings = (await readTies(connection)).map(ofTie);
  // Whoever names the schema knows where the bot's tables stand.
  for (const { schema, names } of named === null ? await readNamesakes(connection) : []) {
    const text = `${names.join(', ')} also ${names.length === 1 ? 'stands' : 'stand'} in schema ${schema}, where no job looks`;
    findings.push(warning('ties', text, 'if the bot writes there, name it in SCHEMA'));
  }
  for (const schema of await readLostSchemas(connection)) {
    const text = `telesweep has worked for schema ${schema}, which does not stand any more`;
    const tables = everyOwnTable
      .filter(({ columns }) => columns.includes(schemaName))
      .map(({ name }) => name)
      .join(', ');
    const renamed = `if it was renamed, set schema_name to the new name in telesweep's ${tables}: the guides of this slot are known by it`;
    findings.push(warning('ties', text, renamed));
  }
  return findings.length === 0 ? [fine('ties', 'nothing holds a row of the tables')] : findings;
}

function ofTie({ kind, table, name }: Tie): Finding {
  switch (kind) {
    case 'foreign key':
      return warning(
        'ties',
        `foreign key ${name} lets no row of ${table} go that it refers to`,
        'let it be ON DELETE CASCADE or SET NULL',
      );
    case 'unindexed':
      return warning(
        'ties',
        `${name} refers to ${table} without an index: for each row that goes it is read from end to end`,
        `create index concurrently on ${name}`,
      );
    case 'trigger':
      return warning(
        'ties',
        `trigger ${name} is asked when a row of ${table} goes, and may keep it`,
        'see that it lets every row go',
      );
    case 'rule':
      return fault(
        'ties',
        `rule ${name} stands in place of a change of ${table}`,
        `drop rule ${name} on ${table}, or make it a trigger`,
      );
    case 'no replica identity':
      return fault(
        'ties',
        `${table} has no replica identity, and a publication asks for one: no row can go`,
        `give it a primary key, or alter table ${table} replica identity full`,
      );
  }
}
