import type { Engine } from '../../engine/engine.ts';
import type { Call, Send } from '../../engine/work.ts';
import type { JobContext, Telegram } from '../../job/job.ts';
import { monotonicMs } from '../../process/clock.ts';
import { UnavailableError } from '../../process/errors.ts';
import { rememberBotUsername } from '../../store/bots.ts';
import { plus } from '../../store/daily-counts.ts';
import type { Client, TextMessage } from '../../telegram/client.ts';
import { noticeButton } from '../../telegram/notice.ts';
import { type Outcome, wordsOf } from '../../telegram/outcome.ts';
import type { DueCounts } from './counts.ts';
import { lateness, type RecordChangeWrite, type Work, writeOf } from './record.ts';
import type { RecordEnds } from './record-ends.ts';

const mostTriesOfName = 3;

/** So many chats with the same unknown refusal of the notice mean that its text is at fault. */
const chatsOfOneText = 3;

/** A send that provably never left is repeated so often in a pass. */
const mostTriesOfUnsent = 3;

export type NoticeEngine = Engine<RecordChangeWrite, Notice>;

export interface NoticeParts {
  context: JobContext<DueCounts>;
  telegram: Telegram;
  engine: NoticeEngine;
  records: RecordEnds;
  /** Told of a record whose notice finds no room at hand. */
  leftInTable(work: Work): void;
  /** Deletes the message that could not be edited; the notice is owed after it. */
  deleteInstead(work: Work, messageId: number): void;
}

/** Tells the readers of records whose messages are deleted. */
export class Notices {
  /** What Telegram says against the notice's text, which is at fault in every chat alike; null while it says nothing. */
  textProblem: string | null = null;
  readonly #context: JobContext<DueCounts>;
  readonly #telegram: Telegram;
  readonly #engine: NoticeEngine;
  readonly #records: RecordEnds;
  readonly #leftInTable: (work: Work) => void;
  readonly #deleteInstead: (work: Work, messageId: number) => void;
  #nameAsked = false;
  /** Chats that were found so in this pass, where each counts once. */
  readonly #unreachable = new Set<string>();
  /** Chats that refused the notice with words that nobody knows, since the last one that took it. */
  readonly #refusedBy = new Map<string, Set<string>>();

  constructor(parts: NoticeParts) {
    this.#context = parts.context;
    this.#telegram = parts.telegram;
    this.#engine = parts.engine;
    this.#records = parts.records;
    this.#leftInTable = parts.leftInTable;
    this.#deleteInstead = parts.deleteInstead;
  }

  /**
   * Gives a record its notice, now that its messages are deleted, or what is left in place of one.
   * @returns false where there is no room for it at hand
   */
  owe(work: Work): boolean {
    // The kept message is one of them.
    work.deleted = work.keptId === null;
    if (this.#context.settings.notice === 'none') this.#records.done(work);
    else if (this.textProblem !== null) this.#records.defer(work, this.textProblem);
    else {
      this.#askName(work);
      if (work.keptId === null) return this.#engine.owe(new Notice(work, work.chatId, 1, this));
      this.#edit(work, work.keptId);
    }
    return true;
  }

  /** The bot's user name stands in the button's address. Until it is known nothing is sent. */
  #askName({ record }: Work): void {
    if (this.#nameAsked || this.#telegram.username !== null || !record.unique_id) return;
    this.#nameAsked = true;
    this.#engine.holdSends(true);
    this.#engine.call(this.#nameCall(1));
  }

  #nameCall(tries: number): Call {
    let username: string | null = null;
    return {
      deadline: Number.NEGATIVE_INFINITY,
      witnessChat: null,
      prepare: () => true,
      make: async (client, signal) => {
        const outcome = await client.getMe(signal);
        if (outcome.kind === 'ok') username = outcome.result.username;
        return outcome;
      },
      answered: (outcome) => {
        if (username !== null) return this.#nameKnown(username);
        if (tries < mostTriesOfName) return this.#engine.call(this.#nameCall(tries + 1));
        throw new UnavailableError(`Telegram does not tell the bot's user name: ${wordsOf(outcome)}`);
      },
    };
  }

  #nameKnown(username: string): void {
    this.#telegram.username = username;
    this.#engine.holdSends(false);
    this.#engine.chore(() => rememberBotUsername(this.#context.db, this.#telegram.botId, username));
  }

  compose({ record }: Work, chatId: string): TextMessage {
    const { noticeText: text, noticeButton: label } = this.#context.settings;
    const { username } = this.#telegram;
    if (username === null || !record.unique_id) return { chatId, text };
    const { button, warning } = noticeButton({ username, uniqueId: record.unique_id, label });
    if (warning !== null) {
      this.#context.log.warn({ record: record.id, chat_id: chatId }, `record ${record.id}: ${warning}`);
    }
    return { chatId, text, button };
  }

  /** What became of a notice that was sent, or may have been. */
  answered({ work, chatId, tries }: Notice, outcome: Outcome<unknown>): void {
    switch (outcome.kind) {
      case 'ok':
      case 'already_sent':
        return this.#told(work);
      case 'unanswered':
        return this.#records.uncertain(work, outcome.description);
      case 'later':
        return this.#records.defer(work, outcome.description);
      case 'not_sent':
        if (tries >= mostTriesOfUnsent || this.#context.stop.reason !== null) {
          return this.#records.defer(work, outcome.description);
        }
        return this.#again(work, chatId, tries + 1);
      case 'chat_moved':
        // The answer that says so proves that nothing was sent.
        this.#context.log.warn(
          { chat_id: chatId, new_chat_id: outcome.chatId },
          `chat ${chatId} became ${outcome.chatId}`,
        );
        if (chatId === work.chatId) return this.#again(work, outcome.chatId, 1);
        return this.#records.defer(work, `chat ${chatId} became ${outcome.chatId}`);
      default:
        return this.#refused(work, outcome);
    }
  }

  /** A lock or another pass keeps the record: it is left to a later one. */
  passedOver(): void {
    this.#context.progress.advance(1);
  }

  #told(work: Work): void {
    this.#refusedBy.clear();
    this.#records.count('notices_sent');
    work.figures = plus(work.figures, { notices_sent: 1 });
    this.#records.done(work);
  }

  /** Nothing was sent: the claim goes back and the notice is owed again. */
  #again(work: Work, chatId: string, tries: number): void {
    const notice = new Notice(work, chatId, tries, this);
    this.#engine.put(notice.release());
    if (!this.#engine.owe(notice)) this.#leftInTable(work);
  }

  /** Repeating an edit does no harm, so it needs no claim. */
  #edit(work: Work, messageId: number): void {
    this.#engine.call({
      deadline: work.deadline,
      witnessChat: work.chatId,
      prepare: () => true,
      make: (client, signal) => client.editMessageText({ ...this.compose(work, work.chatId), messageId }, signal),
      answered: (outcome) => {
        switch (outcome.kind) {
          case 'ok':
          case 'unmodified':
            this.#edited(work);
            return this.#told(work);
          case 'unanswered':
          case 'not_sent':
          case 'later':
            return this.#records.defer(work, outcome.description);
          case 'chat_unreachable':
          case 'chat_moved':
          case 'forbidden':
          case 'bad_text':
            return this.#refused(work, outcome);
          default:
            // A file, or for a reason that nobody knows: it is deleted like the others, and the notice is sent.
            work.keptId = null;
            return this.#deleteInstead(work, messageId);
        }
      },
    });
  }

  /** Its record's last message, perhaps its only one, goes by being edited. */
  #edited(work: Work): void {
    const late = monotonicMs() - work.dueAt;
    if (work.ids.length === 0) this.#context.tally.went(late);
    if (!work.record.messages_deleted) work.figures = plus(work.figures, lateness(late));
  }

  #refused(work: Work, outcome: Outcome<unknown>): void {
    const description = wordsOf(outcome);
    if (outcome.kind === 'chat_unreachable' || outcome.kind === 'chat_moved') {
      const proven = outcome.kind === 'chat_moved' || outcome.proven;
      return this.unreachable([work], { chatId: work.chatId, proven, description });
    }
    if (outcome.kind === 'bad_text') {
      return this.#badText(work, description);
    }
    if (outcome.kind === 'refused' && this.#isOfTheText(work.chatId, description))
      return this.#badText(work, description);
    const failure = outcome.kind === 'forbidden' ? 'forbidden' : 'refused';
    this.#engine.doubt({
      chatId: work.chatId,
      description,
      believe: () => this.#records.refuse(work, failure, description, { undeletable: false, messages: 0 }),
      doubt: () => this.#records.defer(work, description),
    });
  }

  /** Words that nobody knows, for the same text in several chats and for no chat a success: they are not the chats'. */
  #isOfTheText(chatId: string, description: string): boolean {
    const chats = this.#refusedBy.get(description) ?? new Set<string>();
    this.#refusedBy.set(description, chats.add(chatId));
    return chats.size >= chatsOfOneText;
  }

  /** Every other notice would be refused as well: they are kept for when the text is mended. */
  #badText(work: Work, description: string): void {
    this.textProblem ??= description;
    this.#engine.holdSends(true);
    for (const other of [work, ...this.#engine.takeOwed().map((notice) => notice.work)]) {
      this.#records.defer(other, description);
    }
  }

  /** A chat that is gone or has blocked the bot ends its records quietly, with what else is owed to it. */
  unreachable(works: readonly Work[], chat: { chatId: string; proven: boolean; description: string }): void {
    const { chatId, proven, description } = chat;
    const all = [...works, ...this.#engine.takeOwed(chatId).map((notice) => notice.work)];
    const believe = (): void => {
      const [first] = all;
      if (first !== undefined && !this.#unreachable.has(chatId)) {
        this.#records.count('chats_unreachable');
        first.figures = plus(first.figures, { chats_unreachable: 1 });
      }
      this.#unreachable.add(chatId);
      for (const work of all) this.#records.done(work);
    };
    if (proven) return believe();
    this.#engine.doubt({
      chatId,
      description,
      believe,
      doubt: () => {
        for (const work of all) this.#records.defer(work, description);
      },
    });
  }
}

/** The notice of one record, on its way. */
export class Notice implements Send<RecordChangeWrite> {
  readonly work: Work;
  readonly chatId: string;
  readonly tries: number;
  readonly #notices: Notices;

  constructor(work: Work, chatId: string, tries: number, notices: Notices) {
    this.work = work;
    this.chatId = chatId;
    this.tries = tries;
    this.#notices = notices;
  }

  get witnessChat(): string {
    return this.chatId;
  }

  claim(): RecordChangeWrite {
    const write = writeOf(this.work, 'claim');
    this.work.claimed = true;
    return write;
  }

  release(): RecordChangeWrite {
    const write = writeOf(this.work, 'release');
    this.work.claimed = false;
    return write;
  }

  make(client: Client, signal: AbortSignal): Promise<Outcome<unknown>> {
    return client.sendMessage(this.#notices.compose(this.work, this.chatId), signal);
  }

  answered(outcome: Outcome<unknown>): void {
    this.#notices.answered(this, outcome);
  }

  notClaimed(): void {
    this.work.claimed = false;
    this.#notices.passedOver();
  }
}
