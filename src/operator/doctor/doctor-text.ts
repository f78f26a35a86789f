import { printable } from '../../output/output.ts';
import { wrap } from '../../output/wrap.ts';
import type { Finding } from './finding.ts';

const colors: Record<Finding['level'], string> = { fine: '\u001b[32m', warning: '\u001b[33m', fault: '\u001b[31m' };
const reset = '\u001b[0m';

/** What `doctor` prints for people: a line or more for each finding, then the verdict. */
export function doctorText(findings: readonly Finding[], width: number, color: boolean): string {
  const indent = 'warning  '.length;
  const blocks = findings.map(({ check, level, text, way_out }) => {
    const word = color ? `${colors[level]}${level}${reset}` : level;
    const lines = wrap(`${check}: ${text}`, width - indent);
    if (way_out !== null) lines.push(...wrap(`→ ${way_out}`, width - indent));
    const [first = '', ...rest] = lines.map(printable);
    const head = `${word}${' '.repeat(indent - level.length)}${first}`;
    return [head, ...rest.map((line) => ' '.repeat(indent) + line)].join('\n');
  });
  return `${blocks.join('\n')}\n\n${verdict(findings)}\n`;
}

/** How many there are of each level that matters. */
export function levelsOf(findings: readonly Finding[]): { faults: number; warnings: number } {
  const count = (level: Finding['level']): number => findings.filter((finding) => finding.level === level).length;
  return { faults: count('fault'), warnings: count('warning') };
}

/** `1 fault, no warnings` */
export function verdict(findings: readonly Finding[]): string {
  const { faults, warnings } = levelsOf(findings);
  const told = (n: number, word: string): string => `${n === 0 ? 'no' : n} ${word}${n === 1 ? '' : 's'}`;
  return `${told(faults, 'fault')}, ${told(warnings, 'warning')}`;
}
