/**
 * The simulated Bot API as a process of its own, so that a benchmark does not pay for it: `tsx main.ts '{"latencyMs":50}'`.
 * Prints `{"url"}` first, and for each line on stdin `{"calls","rateLimited","mostInOneSecond"}`. Ends with its stdin.
 */
import { createInterface } from 'node:readline';
import { startBotApi } from '../bot-api.ts';

const api = await startBotApi(JSON.parse(process.argv[2] ?? '{}'));
const print = (value: object) => process.stdout.write(`${JSON.stringify(value)}\n`);

print({ url: api.url });
const lines = createInterface({ input: process.stdin });
lines.on('line', () =>
  print({ calls: api.callCount, rateLimited: api.rateLimited, mostInOneSecond: api.callsPerWindow(1000) }),
);
lines.on('close', () => void api.close());
