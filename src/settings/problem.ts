import { redact } from '../process/redact.ts';

/** One thing that is wrong with the settings. */
export interface Problem {
  /** The setting, variable or flag. */
  name: string;
  /** What was given, printed in quotes before the text; null where it is secret or there is nothing to show. */
  value: string | null;
  text: string;
}

const longestQuote = 80;

/** One line: `TELEGRAM_RATE: "fast" is not a number; expected …`. A secret that strayed into a value is hidden. */
export function describeProblem(problem: Problem, secrets: readonly string[]): string {
  const value = problem.value === null ? '' : `${quote(hideStrays(redact(problem.value, secrets)))} `;
  return `${problem.name}: ${value}${problem.text}`;
}

function quote(text: string): string {
  const characters = [...text];
  return JSON.stringify(
    characters.length > longestQuote ? `${characters.slice(0, longestQuote).join('')}…` : characters.join(''),
  );
}

/** A token or the credentials of an address, given under a name where no secret belongs. */
function hideStrays(text: string): string {
  return text.replace(/\d{3,}(?::|%3A)[\w-]{20,}/gi, '***').replace(/:\/\/\S*@/g, '://***@');
}
