/**
 * What pg asks of cryptography when it logs in, by `node:crypto` at once. build.mjs puts it in the place of pg's own file,
 * which asks Node's Web Crypto and waits for a thread seven times: 3 ms of a pass with nothing due.
 */

/** Loaded when the server asks for a password, not before the server is dialled. */
const crypto = () => process.getBuiltinModule('node:crypto');

export const randomBytes = (size: number): Buffer => crypto().randomBytes(size);

/** In hexadecimal digits. */
export const md5 = (data: string | Buffer): string => crypto().createHash('md5').update(data).digest('hex');

/** AuthenticationMD5Password (postgresql.org/docs/current/protocol-flow.html). */
export function postgresMd5PasswordHash(user: string, password: string, salt: Buffer): string {
  return `md5${md5(Buffer.concat([Buffer.from(md5(password + user)), salt]))}`;
}

/** @param hashName as Web Crypto has it: `SHA-256` */
export function hashByName(hashName: string, data: Uint8Array): Buffer {
  return crypto().createHash(hashName.replace('-', '').toLowerCase()).update(data).digest();
}

export const sha256 = (data: Uint8Array): Buffer => hashByName('SHA-256', data);

export function hmacSha256(key: Uint8Array, message: string): Buffer {
  return crypto().createHmac('sha256', key).update(message).digest();
}

/** SCRAM's salted password: 32 bytes. */
export function deriveKey(password: string, salt: Uint8Array, iterations: number): Buffer {
  return crypto().pbkdf2Sync(password, salt, iterations, 32, 'sha256');
}
