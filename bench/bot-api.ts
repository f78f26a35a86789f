/** The simulated Bot API as a process of its own, so that it shares no event loop with what is measured. */
import type { BotApiOptions, Call, Fault } from '../test/support/bot-api.ts';
import { startServerProcess } from './server-process.ts';

export interface BotApiProcessOptions extends BotApiOptions {
  /** Without functions, which no other process can be handed. */
  faults?: readonly Fault[];
}

export interface CallStats {
  calls: number;
  rateLimited: number;
  mostInOneSecond: number;
}

/** `at`: when it arrived, in milliseconds since 1970. */
export type RecordedCall = Pick<Call, 'at' | 'botId' | 'method' | 'chatId' | 'status' | 'fault'>;

export interface BotApiProcess {
  readonly url: string;
  stats(): Promise<CallStats>;
  /** Every call in the order of arrival, where the options say to record them. */
  calls(): Promise<RecordedCall[]>;
  close(): Promise<void>;
}

/** @param script the bundled `test/support/bot-api/main.ts` */
export async function startBotApiProcess(script: string, options: BotApiProcessOptions): Promise<BotApiProcess> {
  const { url, ask, close } = await startServerProcess(script, options);
  return { url, stats: () => ask('stats'), calls: () => ask('calls'), close };
}
