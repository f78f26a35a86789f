/** Reads a call's parameters from wherever a client puts them: the query, JSON, a form, or multipart. */
import type { IncomingMessage } from 'node:http';

export type Params = Record<string, unknown>;

export const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A scalar as text; '' for what is missing or no scalar. */
export function stringOf(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? String(value) : '';
}

/** Fields that a form can only carry as JSON text. */
const structured = ['message_ids', 'reply_markup', 'entities', 'link_preview_options', 'reply_parameters'];

export async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** The parameters with structured fields decoded, so that they look alike whichever way they came. */
export async function readParams(request: IncomingMessage, body: Buffer): Promise<Params> {
  const query = /\?(.*)$/.exec(request.url ?? '')?.[1];
  const params: Params = query === undefined ? {} : Object.fromEntries(new URLSearchParams(query));
  Object.assign(params, await readFields(request.headers['content-type'] ?? '', body));
  for (const field of structured) {
    const value = params[field];
    if (typeof value === 'string') params[field] = decode(value);
  }
  return params;
}

async function readFields(contentType: string, body: Buffer): Promise<Params> {
  if (body.length === 0) return {};
  if (contentType.startsWith('application/json')) {
    const value = decode(body.toString());
    return isRecord(value) ? value : {};
  }
  if (contentType.startsWith('multipart/form-data')) {
    const form = await new Response(new Uint8Array(body), { headers: { 'content-type': contentType } }).formData();
    return Object.fromEntries(form);
  }
  return Object.fromEntries(new URLSearchParams(body.toString()));
}

/** Text that is no JSON stays text: the method that wants an object refuses it. */
function decode(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
