import type { Engine } from '../../engine/engine.ts';
import type { Call, Send } from '../../engine/work.ts';
import type { Write } from '../../engine/writer.ts';
import type { JobContext } from '../../job/job.ts';
import type { GuidePostWrite } from '../../store/guide-post-writes.ts';
import { hasPostByOtherName } from '../../store/guide-posts.ts';
import type { Guide } from '../../store/guides.ts';
import type { Client, TextMessage } from '../../telegram/client.ts';
import { type Outcome, wordsOf } from '../../telegram/outcome.ts';
import type { SentMessage } from '../../telegram/result.ts';
import type { GuideCounts } from './counts.ts';
import { type PostResult, tell } from './tell.ts';

/** What the posts of one slot share. */
export interface Round {
  context: JobContext<GuideCounts>;
  engine: PostEngine;
  slot: string;
  guide: Guide;
  message: Omit<TextMessage, 'chatId'>;
  /** Ids of chats that have the guide, or may have it, from this pass. */
  served: Set<string>;
}

export interface PostWrite extends GuidePostWrite, Write {
  /** Owed once this is written down. */
  next: Post | null;
}

export type PostEngine = Engine<PostWrite, Post>;

/** A question may be asked again: nothing comes of it. A send that provably never left as well. */
const mostTries = 3;

const noResult = { state: 'failed', messageId: null, error: null, sentTo: null } as const;

/**
 * Asks a channel that is configured by its name for its id, which may be configured by another name or as it is as well; then it
 * is owed its post.
 */
export function askForId(round: Round, name: string, tries = 1): Call {
  const { context, engine } = round;
  let id: string | null = null;
  return {
    deadline: Number.NEGATIVE_INFINITY,
    witnessChat: null,
    prepare: () => true,
    async make(client, signal) {
      const outcome = await client.getChat(name, signal);
      if (outcome.kind === 'ok') id = outcome.result.id;
      return outcome;
    },
    answered(outcome) {
      if (id !== null) return owe(new Post(round, name, id));
      const mayPass = outcome.kind === 'unanswered' || outcome.kind === 'not_sent' || outcome.kind === 'later';
      if (mayPass && tries < mostTries && context.stop.reason === null) {
        return engine.call(askForId(round, name, tries + 1));
      }
      const result = { ...noResult, error: wordsOf(outcome) };
      engine.put(writeOf(name, 'unsent', result));
      tell(round, name, result);
      doubt(round, name, outcome);
    },
  };
}

export function owe(post: Post): void {
  const { engine, served } = post.round;
  if (served.has(post.chatId)) post.hasGuide();
  // A chat that is named many times gets one post whatever comes of the others.
  else if (!engine.owe(post)) post.notClaimed();
}

/** One channel's post, on its way. */
export class Post implements Send<PostWrite> {
  readonly round: Round;
  /** As configured: the key of what is written down. */
  readonly name: string;
  /** The chat's id where it is another than the configured one. */
  readonly sentTo: string | null;
  readonly #tries: number;
  #sent: SentMessage | null = null;

  constructor(round: Round, name: string, sentTo: string | null = null, tries = 1) {
    this.round = round;
    this.name = name;
    this.sentTo = sentTo;
    this.#tries = tries;
  }

  get chatId(): string {
    return this.sentTo ?? this.name;
  }

  get witnessChat(): string {
    return this.chatId;
  }

  claim(): PostWrite {
    return writeOf(this.name, 'claim', { ...noResult, sentTo: this.sentTo });
  }

  release(): PostWrite {
    return writeOf(this.name, 'release', noResult);
  }

  async make(client: Client, signal: AbortSignal): Promise<Outcome<unknown>> {
    const outcome = await client.sendMessage({ ...this.round.message, chatId: this.chatId }, signal);
    if (outcome.kind === 'ok') this.#sent = outcome.result;
    return outcome;
  }

  answered(outcome: Outcome<unknown>): void {
    switch (outcome.kind) {
      case 'ok': {
        const { messageId = null, chatId = null } = this.#sent ?? {};
        const sentTo = this.sentTo ?? (chatId === this.name ? null : chatId);
        return this.#finish({ ...noResult, state: 'posted', messageId, sentTo });
      }
      case 'already_sent':
        return this.#finish({ ...noResult, state: 'posted', error: 'the chat deleted the message at once' });
      case 'unanswered':
        return this.#finish({ ...noResult, state: 'uncertain', error: outcome.description });
      case 'chat_moved':
        return this.#moved(outcome.chatId);
      case 'not_sent':
        if (this.#tries < mostTries && this.round.context.stop.reason === null) {
          this.round.engine.put(this.release());
          return owe(new Post(this.round, this.name, this.sentTo, this.#tries + 1));
        }
    }
    this.#finish({ ...noResult, error: wordsOf(outcome) });
    doubt(this.round, this.chatId, outcome);
  }

  notClaimed(): void {
    const { context, engine, slot } = this.round;
    engine.chore(async () => {
      const { name: chatId, sentTo } = this;
      if (await hasPostByOtherName(context.db, slot, { chatId, sentTo })) this.hasGuide();
    });
  }

  /** The chat got the guide, or may have got it, under another of its names. */
  hasGuide(): void {
    const { counts, log, progress } = this.round.context;
    counts.already_posted += 1;
    progress.advance(1);
    log.warn(
      { guide_id: this.round.guide.id, chat_id: this.name, status: 'already_posted' },
      `GUIDE_CHAT_IDS names the chat ${this.name} twice; take one out`,
    );
  }

  /** A group has a new id; the answer that says so proves that nothing was sent. */
  #moved(newChatId: string): void {
    const { context, engine } = this.round;
    if (this instanceof MovedPost) return this.#finish({ ...noResult, error: `became ${newChatId}` });
    if (context.settings.guideChatIds.includes(newChatId)) {
      const error = `became ${newChatId}, which GUIDE_CHAT_IDS names as well; take ${this.name} out`;
      return this.#finish({ ...noResult, error });
    }
    context.log.warn(
      { chat_id: this.name, new_chat_id: newChatId },
      `chat ${this.name} became ${newChatId} and is posted to there; put the new id in its place in GUIDE_CHAT_IDS`,
    );
    // Released first, so that the new claim holds the new id.
    engine.put({ ...this.release(), releases: false, next: new MovedPost(this.round, this.name, newChatId) });
  }

  #finish(result: PostResult): void {
    if (result.state !== 'failed') this.round.served.add(this.chatId);
    this.round.engine.put(writeOf(this.name, 'finish', result));
    tell(this.round, this.name, result);
  }
}

/** A group that has become another chat. */
class MovedPost extends Post {
  override hasGuide(): void {
    const error = `became ${this.chatId}, which has its guide; take ${this.name} out`;
    const result = { ...noResult, error };
    this.round.engine.put(writeOf(this.name, 'finish', result));
    tell(this.round, this.name, result);
  }
}

/** What a wrong or frozen bot would hear as well. The post is kept as failed whatever comes of it. */
function doubt({ engine }: Round, chatId: string, outcome: Outcome<unknown>): void {
  const isDoubtful =
    outcome.kind === 'forbidden' ||
    outcome.kind === 'refused' ||
    (outcome.kind === 'chat_unreachable' && !outcome.proven);
  if (isDoubtful) engine.doubt({ chatId, description: wordsOf(outcome), believe() {}, doubt() {} });
}

function writeOf(chatId: string, change: GuidePostWrite['change'], result: PostResult): PostWrite {
  return {
    key: chatId,
    chatId,
    change,
    ...result,
    durable: change === 'claim',
    // Until then a kill leaves a post in doubt whose answer is known.
    urgent: change !== 'claim',
    releases: change === 'release',
    // The statement counts the posts themselves.
    figures: {},
    next: null,
  };
}
