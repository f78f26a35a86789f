import { matches, type NeededIndex, type StandingIndex } from './standing-index.ts';
import type { StandingTable, TablePart } from './standing-table.ts';
import { quoteName, type Step } from './step.ts';

/** Plans what leads to an index of a table and all its parts that is what is needed, by definition and not by name. */
export function planIndex(need: NeededIndex, table: StandingTable): Step[] {
  if (table.kind === 'p' && table.filled) return planParted(need, table);
  // On an empty partitioned table, the index of the whole makes those of its parts.
  const builtOn = table.kind === 'p' ? [table] : [table, ...table.parts.filter(({ kind }) => kind === 'r')];
  return builtOn.flatMap((part) => planPlain(need, part, table).steps);
}

interface PartPlan {
  steps: Step[];
  /** The index that will serve, quoted. */
  index: string;
}

function planPlain(need: NeededIndex, part: TablePart, table: StandingTable): PartPlan {
  const name = nameOn(need, part, table);
  const { serving, useless, inTheWay } = lookFor(need, name, part, table);
  const steps = useless.map((index) => dropIndex(index, part, table));
  if (serving) return { steps, index: qualified(serving) };
  return {
    steps: [
      ...inTheWay.map(moveAway),
      ...steps,
      createIndex(need, name, part, table.filled ? 'concurrently' : 'at once'),
    ],
    index: qualified({ schema: part.schema, name }),
  };
}

/**
 * A partitioned table cannot build concurrently as a whole: its index is made invalid, each partition's is built beside the
 * bot's work and attached, and with the last one it is valid. A partition that has its index already is not built again.
 */
function planParted(need: NeededIndex, whole: StandingTable): Step[] {
  const steps: Step[] = [];
  const visit = (part: TablePart, known: StandingIndex | null, index: string): void => {
    for (const child of whole.parts.filter(({ parent }) => parent === part.oid)) {
      const attached = known && whole.indexes.find(({ table, parent }) => table === child.oid && parent === known.oid);
      if (child.kind === 'p') {
        const own = attached ? { known: attached, index: qualified(attached) } : planMiddle(child);
        if (!attached) steps.push(attach(index, own.index, child));
        visit(child, own.known, own.index);
      } else if (child.kind === 'r' && !attached) {
        const own = planPlain(need, child, whole);
        steps.push(...own.steps, attach(index, own.index, child));
      }
    }
  };
  const planMiddle = (part: TablePart): { known: StandingIndex | null; index: string } => {
    const name = nameOn(need, part, whole);
    const { useless, inTheWay } = lookFor(need, name, part, whole);
    const standing = whole.indexes.find(
      (index) =>
        index.table === part.oid &&
        !index.parent &&
        matches(index, need) &&
        // A unique one has no parts that are not, and is no part of one that is not.
        (index.ordinary || (index.valid && part.oid === whole.oid)),
    );
    if (standing) return { known: standing, index: qualified(standing) };
    steps.push(...inTheWay.map(moveAway), ...useless.map((index) => dropIndex(index, part, whole)));
    steps.push(createIndex(need, name, part, 'alone'));
    return { known: null, index: qualified({ schema: part.schema, name }) };
  };
  const top = planMiddle(whole);
  if (top.known?.valid) return [];
  visit(whole, top.known, top.index);
  return steps;
}

/** A part has the whole's name for its index, and its own number, which no other table has. */
function nameOn(need: NeededIndex, part: TablePart, table: StandingTable): string {
  return part.oid === table.oid ? need.name : `${need.name}_${part.oid}`;
}

function lookFor(need: NeededIndex, name: string, part: TablePart, table: StandingTable) {
  const here = table.indexes.filter((index) => index.table === part.oid && !index.parent);
  const partitioned = part.kind === 'p';
  const joins = table.kind === 'p' && part.oid !== table.oid;
  const serving = here.find((index) => index.valid && matches(index, need) && (!joins || index.ordinary));
  return {
    serving,
    // Telesweep's by its name: on other columns, or left by a build that was broken off.
    useless: here.filter((index) => index.name === name && (!matches(index, need) || (!index.valid && !partitioned))),
    /** Of the same name on another table: one that was renamed, whose rows another table holds now. */
    inTheWay: table.indexes.filter(
      (index) => index.schema === part.schema && index.name === name && index.table !== part.oid,
    ),
  };
}

function createIndex(
  need: NeededIndex,
  name: string,
  part: TablePart,
  how: 'concurrently' | 'at once' | 'alone',
): Step {
  const kind = need.unique ? 'unique index' : 'index';
  const table = qualified(part);
  const where = need.where ? ` where ${need.where}` : '';
  const beside = how === 'concurrently' ? ' concurrently' : '';
  const only = how === 'alone' ? ' only' : '';
  return {
    what: `create ${kind} ${part.schema}.${name}`,
    sql: `create ${kind}${beside} ${quoteName(name)} on${only} ${table} (${need.columns.join(', ')})${where}`,
    table,
    ...(how === 'concurrently' ? { apart: how, leaves: qualified({ schema: part.schema, name }) } : {}),
  };
}

function dropIndex(index: StandingIndex, part: TablePart, table: StandingTable): Step {
  const why = index.valid ? `which stands on (${index.columns.join(', ')})` : 'whose building was broken off';
  const apart = table.filled && part.kind !== 'p';
  return {
    what: `drop index ${index.schema}.${index.name}, ${why}`,
    sql: `drop index${apart ? ' concurrently' : ''} ${qualified(index)}`,
    table: qualified(part),
    ...(apart ? { apart: 'concurrently' } : {}),
  };
}

function moveAway(index: StandingIndex): Step {
  const name = `${index.name}_${index.table}`;
  return {
    what: `rename index ${index.schema}.${index.name}, which stands on ${index.on}, to ${name}`,
    sql: `alter index ${qualified(index)} rename to ${quoteName(name)}`,
  };
}

function attach(whole: string, index: string, part: TablePart): Step {
  return {
    what: `attach the index of partition ${part.schema}.${part.name}`,
    sql: `alter index ${whole} attach partition ${index}`,
    table: qualified(part),
    apart: 'briefly',
  };
}

function qualified({ schema, name }: { schema: string; name: string }): string {
  return `${quoteName(schema)}.${quoteName(name)}`;
}
