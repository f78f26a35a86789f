/** The kinds of addresses. */
import { type Format, type Wrong, wrong } from './format.ts';
import { secretsOfAddress, secretsOfPing } from './secrets.ts';

export const apiRoot: Format<string> = {
  expected: 'an http or https address without user, query or token',
  parse(text) {
    const url = webAddress(text);
    if (!(url instanceof URL)) return url;
    if (url.username !== '' || url.password !== '') return wrong(text, 'has a user or password in it');
    if (/[?#]/.test(text)) return wrong(text, 'has a query in it');
    if (/\/bot\d+(:|%3A)/i.test(url.pathname)) return wrong(text, 'has a bot token in it');
    return text.replace(/\/+$/, '');
  },
};

export const proxy: Format<string> = {
  expected: 'the address of an http, https or socks5 proxy with its port',
  secretsOf: secretsOfAddress,
  parse(text) {
    if (!/^(https?|socks5h?):\/\//i.test(text))
      return wrong(text, 'is not the address of an http, https or socks5 proxy');
    const url = addressOf(text);
    if (url === null) return wrong(text, 'is not an address');
    if (url.hostname === '') return wrong(text, 'has no host');
    // The URL forgets a port that is the usual one of its scheme.
    if (!/^[^/]*\/\/[^/?#]*:\d+\/?$/.test(text)) return wrong(text, 'must end with a port');
    return text;
  },
};

export const pushgateway: Format<string> = {
  expected: 'an http or https address',
  secretsOf: secretsOfAddress,
  parse(text) {
    const url = webAddress(text);
    if (!(url instanceof URL)) return url;
    return /[?#]/.test(text) ? wrong(text, 'has a query in it') : text.replace(/\/+$/, '');
  },
};

export const pingAddress: Format<string> = {
  expected: 'an http or https address',
  secretsOf: secretsOfPing,
  parse(text) {
    const filled = text.replace(/\{(job|name)\}/g, '$1');
    const url = webAddress(filled);
    if (!(url instanceof URL)) return url;
    if (/[{}]/.test(filled)) return wrong(text, 'has braces other than {job} and {name}');
    return text.includes('#') ? wrong(text, 'has a # in it') : text;
  },
};

/** Whoever knows it can write there, so it is a secret as a whole. */
export const webhook: Format<string> = {
  expected: 'an http or https address',
  secretsOf: secretsOfPing,
  parse(text) {
    const url = webAddress(text);
    if (!(url instanceof URL)) return url;
    return text.includes('#') ? wrong(text, 'has a # in it') : text;
  },
};

function webAddress(text: string): URL | Wrong {
  if (!/^https?:\/\//i.test(text)) return wrong(text, 'is not an http or https address');
  return addressOf(text) ?? wrong(text, 'is not an address');
}

/** Null where it cannot be read. The URL class drops line breaks and encodes spaces: here both are mistakes. */
function addressOf(text: string): URL | null {
  if (/\s/.test(text)) return null;
  try {
    const url = new URL(text);
    decodeURIComponent(url.username + url.password);
    return url;
  } catch {
    return null;
  }
}
