/** What a job is given to do in a trial, and the accounting afterwards. */
import type { JobName } from '../../../src/process/summary.ts';
import type { RunResult } from '../../support/run.ts';
import type { Scene } from '../../support/scene.ts';

export interface Account {
  lost: string[];
  repeated: string[];
  /** Sends that were reported as uncertain. */
  uncertain: number;
}

export interface AccountOptions {
  /** Everything that every pass of the trial wrote. */
  outputs: readonly RunResult[];
  /** What was done to the pass may rightly make it give items up: Telegram refused them. */
  mayFail: boolean;
}

/** A load that stands in the database and at Telegram. */
export interface Laid {
  /** Settings that its passes need. */
  env: Record<string, string>;
  /** What stays due when all is done: a channel that refuses is tried in each pass of its slot. */
  staysDue: number;
  /** Exit code of the first pass, where nothing is done to it. */
  firstCode: number;
  /** Exit codes of a pass that finished this load. */
  endCodes: readonly number[];
  /** Sends whose intent is committed and whose outcome is not written down. */
  openIntents(): Promise<number>;
  /** Compares what Telegram and the database hold with what they should, once nothing is due any more. */
  account(options: AccountOptions): Promise<Account>;
}

export interface LoadOptions {
  /** Items that need a call or two; a few more of other fates come with them. */
  items: number;
}

export interface Load {
  job: JobName;
  callsTelegram: boolean;
  layOut(scene: Scene, options: LoadOptions): Promise<Laid>;
}

let lastChat = 1_000_000;

/** Chats are never used twice, so that no trial sees what another one left. */
export function newChat(): number {
  return ++lastChat;
}

export async function count({ db }: Pick<Scene, 'db'>, from: string): Promise<number> {
  const [row] = await db.query<{ n: number }>(`select count(*)::int as n from ${from}`);
  if (row === undefined) throw new Error(`count of ${from} returned no row`);
  return row.n;
}

/** What stands in all lines of all outputs after a pattern's first group, each once. */
export function mentioned(outputs: readonly RunResult[], pattern: RegExp): Set<string> {
  const found = new Set<string>();
  for (const { stderr } of outputs) {
    for (const match of stderr.matchAll(pattern)) if (match[1] !== undefined) found.add(match[1]);
  }
  return found;
}
