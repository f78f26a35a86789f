/** A bare client of the simulated Bot API, for tests of the simulator itself. */
import { botToken } from '../bot-api.ts';

export interface Seen {
  status: number;
  ok: boolean;
  result?: unknown;
  description?: string;
  parameters?: Record<string, number>;
}

/** Makes one call with a JSON body. Throws what `fetch` throws, and where the body is no JSON. */
export async function callBotApi(
  url: string,
  method: string,
  params: object = {},
  { token = botToken, signal }: { token?: string; signal?: AbortSignal } = {},
): Promise<Seen> {
  const response = await fetch(`${url}/bot${token}/${method}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(params),
    ...(signal ? { signal } : {}),
  });
  const text = await response.text();
  return { status: response.status, ...JSON.parse(text) };
}
