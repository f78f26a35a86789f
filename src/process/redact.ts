/**
 * The text with `***` in place of every secret, also where it stands escaped inside a JSON string.
 * Secrets that overlap are hidden together, so that no part of either is left.
 */
export function redact(text: string, secrets: readonly string[]): string {
  const spans: [start: number, end: number][] = [];
  for (const secret of secrets) {
    for (const form of new Set([secret, JSON.stringify(secret).slice(1, -1)])) {
      if (form === '') continue;
      for (let at = text.indexOf(form); at !== -1; at = text.indexOf(form, at + 1)) spans.push([at, at + form.length]);
    }
  }
  if (spans.length === 0) return text;
  spans.sort((a, b) => a[0] - b[0]);
  let result = '';
  let end = 0;
  for (const [start, stop] of spans) {
    if (start > end || result === '') result += `${text.slice(end, start)}***`;
    end = Math.max(end, stop);
  }
  return result + text.slice(end);
}
