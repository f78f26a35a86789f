/**
 * TLS to PostgreSQL. pg 8 reads `require` and `verify-ca` as `verify-full` and warns of it on stderr; with
 * `uselibpqcompat` it reads them as libpq does. Two differences are left: `prefer` and `allow`, which fall back to
 * plain text by themselves, are refused, and ~/.postgresql/root.crt is not looked for.
 */
import { accessSync, constants } from 'node:fs';
import { fill } from './database-url.ts';
import { sslFileParameters } from './database-variables.ts';
import type { Problem } from './problem.ts';

const modes = ['disable', 'require', 'verify-ca', 'verify-full'];
const expectedMode = `expected ${modes.join(', ')}`;
const sslFiles = Object.values(sslFileParameters);

/** Completes and checks the TLS parameters in place. */
export function applySsl(parameters: URLSearchParams, values: Readonly<Record<string, string | undefined>>): Problem[] {
  const shortForm = applyShortForm(parameters);
  if (shortForm !== null) return [shortForm];
  const fromUrl = parameters.get('sslmode') !== null;
  fill(parameters, 'sslmode', values.PGSSLMODE ?? '');
  const name = fromUrl ? 'DATABASE_URL' : 'PGSSLMODE';
  const mode = parameters.get('sslmode');
  // `no-verify` is a word of pg's own: TLS without any check.
  if (mode !== null && ![...modes, 'no-verify'].includes(mode)) {
    const why = ['prefer', 'allow'].includes(mode)
      ? 'falls back to plain text by itself, which is not done here'
      : 'is unknown';
    return [{ name, value: `sslmode=${mode}`, text: `${why}; ${expectedMode}` }];
  }
  const negotiation = checkNegotiation(parameters, values.PGSSLNEGOTIATION ?? '');
  if (negotiation !== null) return [negotiation];
  if (mode === 'disable') {
    for (const parameter of sslFiles) parameters.delete(parameter);
    return [];
  }
  if (mode !== null) {
    for (const [variable, parameter] of Object.entries(sslFileParameters))
      fill(parameters, parameter, values[variable] ?? '');
  }
  if (parameters.get('sslrootcert') === 'system') {
    // libpq's word for the authorities that the system trusts: what pg does without a file of them.
    if (mode !== null && mode !== 'verify-full') {
      return [{ name, value: `sslmode=${mode}`, text: 'is too weak for sslrootcert=system; expected verify-full' }];
    }
    parameters.delete('sslrootcert');
    parameters.set('sslmode', 'verify-full');
  }
  if (mode === 'verify-ca' && !parameters.has('sslrootcert')) {
    return [{ name, value: 'sslmode=verify-ca', text: 'needs sslrootcert (or PGSSLROOTCERT), or write verify-full' }];
  }
  if (mode === 'require' || mode === 'verify-ca') parameters.set('uselibpqcompat', 'true');
  return sslFiles.flatMap((parameter) => unreadable(parameter, parameters.get(parameter), name));
}

const shortForms: Readonly<Record<string, string>> = {
  true: 'verify-full',
  1: 'verify-full',
  'no-verify': 'no-verify',
  false: 'disable',
  0: 'disable',
};

/** `ssl=true` is a word of pg, and means all checks there. */
function applyShortForm(parameters: URLSearchParams): Problem | null {
  const ssl = parameters.get('ssl');
  if (ssl === null) return null;
  const mode = shortForms[ssl];
  const written = parameters.get('sslmode');
  const name = 'DATABASE_URL';
  if (mode === undefined) return { name, value: `ssl=${ssl}`, text: `is unknown; ${expectedMode} as sslmode` };
  if (written !== null && (written === 'disable') !== (mode === 'disable')) {
    return { name, value: `ssl=${ssl}&sslmode=${written}`, text: 'says two things; expected sslmode alone' };
  }
  parameters.delete('ssl');
  fill(parameters, 'sslmode', mode);
  return null;
}

/** With `direct` the first byte is TLS, so the mode must be one with TLS. */
function checkNegotiation(parameters: URLSearchParams, variable: string): Problem | null {
  const name = parameters.has('sslnegotiation') ? 'DATABASE_URL' : 'PGSSLNEGOTIATION';
  fill(parameters, 'sslnegotiation', variable);
  const negotiation = parameters.get('sslnegotiation');
  if (negotiation === null || negotiation === 'postgres') return null;
  const value = `sslnegotiation=${negotiation}`;
  if (negotiation !== 'direct') return { name, value, text: 'is unknown; expected postgres or direct' };
  const plain = [null, 'disable'].includes(parameters.get('sslmode'));
  return plain
    ? { name, value, text: 'needs TLS; expected sslmode=require, verify-ca or verify-full beside it' }
    : null;
}

function unreadable(parameter: string, path: string | null, name: string): Problem[] {
  if (path === null) return [];
  try {
    accessSync(path, constants.R_OK);
    return [];
  } catch {
    return [{ name, value: `${parameter}=${path}`, text: 'names a file that cannot be read' }];
  }
}
