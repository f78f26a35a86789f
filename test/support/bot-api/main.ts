/**
 * The simulated Bot API as a process of its own, so that a benchmark does not pay for it: `tsx main.ts '{"latencyMs":50}'`,
 * with the options of `startBotApi` and `faults`. Prints `{"url"}` first, and for each line on stdin
 * `{"calls","rateLimited","mostInOneSecond"}`, or for the line `calls` every recorded call. Ends with its stdin.
 */
import { createInterface } from 'node:readline';
import { startBotApi } from '../bot-api.ts';

const { faults = [], ...options } = JSON.parse(process.argv[2] ?? '{}');
const api = await startBotApi(options);
api.fault(...faults);
const print = (value: object) => process.stdout.write(`${JSON.stringify(value)}\n`);

print({ url: api.url });
const lines = createInterface({ input: process.stdin });
lines.on('line', (line) =>
  print(
    line === 'calls'
      ? api.calls.map(({ at, botId, method, chatId, status, fault }) => ({ at, botId, method, chatId, status, fault }))
      : { calls: api.callCount, rateLimited: api.rateLimited, mostInOneSecond: api.callsPerWindow(1000) },
  ),
);
lines.on('close', () => void api.close());
