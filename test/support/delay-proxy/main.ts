/**
 * The proxy as a process of its own, so that it shares no event loop with what is measured:
 * `node main.mjs '{"databaseUrl":…,"roundTripMs":50}'`. Prints `{"url"}`. Ends with its stdin.
 */
import { startDelayProxy } from '../delay-proxy.ts';

const { databaseUrl, roundTripMs } = JSON.parse(process.argv[2] ?? '{}');
const proxy = await startDelayProxy(databaseUrl, roundTripMs);
process.stdout.write(`${JSON.stringify({ url: proxy.url })}\n`);
process.stdin.on('close', () => void proxy.close()).resume();
