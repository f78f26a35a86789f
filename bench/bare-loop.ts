/**
 * What a broadcast's deletion costs at least: the same calls by `node:http` with a keep-alive agent, and nothing else.
 * Run as a process: `node bare-loop.mjs '{"url":…,"calls":20000,"concurrency":64}'`.
 */
import http from 'node:http';

const { url, calls, concurrency } = JSON.parse(process.argv[2] ?? '{}');
const agent = new http.Agent({ keepAlive: true, maxSockets: concurrency });

function post(body: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
    const request = http.request(url, { method: 'POST', agent, headers }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('end', () => resolve(text));
    });
    request.on('error', reject);
    request.end(body);
  });
}

let next = 0;
async function worker(): Promise<void> {
  while (next < calls) {
    next++;
    const answer = JSON.parse(await post(JSON.stringify({ chat_id: String(next), message_id: next })));
    if (answer.ok !== true) throw new Error(`the server refused: ${answer.description}`);
  }
}
await Promise.all(Array.from({ length: concurrency }, worker));
agent.destroy();
