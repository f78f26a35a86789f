/** Longer addresses make the markup too long; Telegram documents no limit of its own. */
const longest = 2_048;

/**
 * What is wrong with the address of a button, for a person; null for one that Telegram takes: http, https or tg
 * (core.telegram.org/bots/api#inlinekeyboardbutton), and a host with a dot (rubenlagus/TelegramBots#302).
 */
export function addressProblem(address: string): string | null {
  const shown = JSON.stringify(address.length > 80 ? `${address.slice(0, 80)}…` : address);
  const expected = 'expected an address such as https://example.com/guide';
  if (address.length > longest) return `its url has ${address.length} characters; at most ${longest} fit a button`;
  if (/[\s\p{Cc}]/u.test(address)) return `its url ${shown} holds white space; ${expected}`;
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(address)?.[1]?.toLowerCase();
  if (scheme === 'tg') {
    return /^tg:\/\/[a-z0-9_-]+/i.test(address) ? null : `its url ${shown} says nothing after tg://; ${expected}`;
  }
  if (scheme === undefined) return `its url ${shown} lacks https://; ${expected}`;
  if (scheme !== 'http' && scheme !== 'https') {
    return `its url ${shown} is of a kind that Telegram does not open; ${expected}`;
  }
  const host = hostOf(address);
  if (host === null || host === '') return `its url ${shown} names no host; ${expected}`;
  return /[^.]\.[^.]/.test(host) ? null : `its url ${shown} has a host without a dot; ${expected}`;
}

/** As it is written: URL would read `https:///path` as the host `path`, and `https://0` as an address with dots. */
function hostOf(address: string): string | null {
  const written = /^https?:\/\/([^/?#\\]*)/i.exec(address)?.[1] ?? '';
  return URL.canParse(address) ? written.replace(/^.*@/, '').replace(/:\d*$/, '') : null;
}
