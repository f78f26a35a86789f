/**
 * TLS to PostgreSQL. pg 8 reads `require` and `verify-ca` as `verify-full` and warns of it on stderr; with
 * `uselibpqcompat` it reads them as libpq does. Two differences are left: `prefer` and `allow`, which fall back to
 * plain text by themselves, are refused, and ~/.postgresql/root.crt is not looked for.
 */
import { accessSync, constants } from 'node:fs';
import { fill } from './database-url.ts';
import type { Problem } from './problem.ts';

const modes = ['disable', 'require', 'verify-ca', 'verify-full'];
const expectedMode = `expected ${modes.join(', ')}`;

/** libpq's variables for the files of TLS; they mean nothing without TLS, but to pg they would switch it on. */
const fileVariables = { sslrootcert: 'PGSSLROOTCERT', sslcert: 'PGSSLCERT', sslkey: 'PGSSLKEY' } as const;

/** Completes and checks the TLS parameters in place. */
export function applySsl(parameters: URLSearchParams, values: Readonly<Record<string, string | undefined>>): Problem[] {
  const fromUrl = parameters.get('sslmode') !== null;
  if (parameters.get('ssl') === null) fill(parameters, 'sslmode', values.PGSSLMODE ?? '');
  const name = fromUrl ? 'DATABASE_URL' : 'PGSSLMODE';
  const mode = parameters.get('sslmode');
  // `no-verify` is a word of pg's own: TLS without any check.
  if (mode !== null && ![...modes, 'no-verify'].includes(mode)) {
    const why = ['prefer', 'allow'].includes(mode)
      ? 'falls back to plain text by itself, which is not done here'
      : 'is unknown';
    return [{ name, value: `sslmode=${mode}`, text: `${why}; ${expectedMode}` }];
  }
  if (mode === 'disable') {
    for (const parameter of Object.keys(fileVariables)) parameters.delete(parameter);
    return [];
  }
  if (mode !== null) {
    for (const [parameter, variable] of Object.entries(fileVariables))
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
  return Object.keys(fileVariables).flatMap((parameter) => unreadable(parameter, parameters.get(parameter), name));
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
