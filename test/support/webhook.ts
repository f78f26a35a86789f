/** A receiver of alerts in the manner of Slack. */
import { createServer } from 'node:http';

export interface Webhook {
  /** With a key in it, as real ones have. */
  url: string;
  /** The texts, in order of arrival. */
  texts: string[];
  /** What it answers. */
  status: number;
  /** Called when a text has arrived, before it is answered. */
  onText: (() => unknown) | undefined;
  close(): Promise<void>;
}

export async function startWebhook(): Promise<Webhook> {
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += String(chunk);
    const { text }: { text: unknown } = JSON.parse(body);
    webhook.texts.push(String(text));
    await webhook.onText?.();
    response.writeHead(webhook.status).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the webhook has no port');
  const webhook: Webhook = {
    url: `http://127.0.0.1:${address.port}/services/T0000000/hook-key-abcdefghijklmnop`,
    texts: [],
    status: 200,
    onText: undefined,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return webhook;
}
