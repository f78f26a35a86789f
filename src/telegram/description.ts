const tokenShape = /\d{5,20}(:|%3a)[\w-]{20,}/gi;

/** One line of at most 300 characters, without secrets and without what PostgreSQL or a terminal cannot take. */
export function describe(text: string, secrets: readonly string[]): string {
  let line = text;
  for (const secret of secrets) if (secret !== '') line = line.replaceAll(secret, '<secret>');
  line = line.replace(tokenShape, '<token>');
  line = line.replace(/[\s\p{Cc}\p{Cf}\p{Cs}]+/gu, ' ').trim();
  if (line.length > 300) line = `${line.slice(0, 299).replace(/\p{Cs}/gu, '')}…`;
  return line;
}
