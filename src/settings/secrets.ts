/** Strings that must never be printed, in every form in which they may turn up. */

/** Shorter ones would hide half of every line and protect nothing. */
const shortest = 4;

export function secretsOfToken(token: string): string[] {
  return [token, encodeURIComponent(token), token.slice(token.indexOf(':') + 1)];
}

/** The credentials of an address, decoded and as they stand, and with them the whole address. */
export function secretsOfAddress(address: string): string[] {
  const url = new URL(address);
  const credential = url.password === '' ? url.username : url.password;
  const asWritten = /:\/\/(?:[^/?#]*:)?([^/?#]*)@/.exec(address)?.[1] ?? '';
  return credential === '' ? [] : [address, asWritten, credential, ...formsOf(decodeURIComponent(credential))];
}

/** A ping address is a secret as a whole: who knows its key can report in the job's name. */
export function secretsOfPing(address: string): string[] {
  const url = new URL(address);
  const keys = [...url.pathname.split('/'), ...url.searchParams.values()].filter((part) => part.length >= 16);
  return [address, ...secretsOfAddress(address), ...keys.filter((key) => !/%7B(job|name)%7D/i.test(key))];
}

/** Plain, and as it would stand in an address. */
export function formsOf(secret: string): string[] {
  return [secret, encodeURIComponent(secret), new URLSearchParams({ '': secret }).toString().slice(1)];
}

/** The list that `redact` gets. */
export function worthHiding(secrets: readonly string[]): string[] {
  return [...new Set(secrets)].filter((secret) => secret.length >= shortest);
}
