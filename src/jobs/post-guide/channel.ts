import type { JobContext } from '../../job.ts';
import { movePost, startPost, takeBackPost } from '../../store/guide-posts.ts';
import type { Guide } from '../../store/guides.ts';
import type { Bot, Claim, Message } from '../../telegram/bot.ts';
import { failUnsent, finish, noteSameChat } from './settle.ts';
import { isName } from './slot.ts';

/** What the posts of one slot share. */
export interface Round {
  context: JobContext;
  bot: Bot;
  slot: string;
  guide: Guide;
  message: Omit<Message, 'chatId'>;
}

/** One channel's turn. */
interface Turn {
  round: Round;
  /** As configured: the key of what is written down. */
  chatId: string;
  /** An intent is committed, and what became of it is not known. */
  open: boolean;
  /** The chat has its guide under another of its names. */
  hasGuide: boolean;
}

/** A question may be asked again: nothing comes of it. */
const mostTriesOfQuestion = 3;

/**
 * Posts to one channel and writes down what became of it.
 * @throws what ends the pass; a call that was under way is written down as uncertain before
 */
export async function postToChannel(round: Round, chatId: string): Promise<void> {
  const { db, runId } = round.context;
  const turn: Turn = { round, chatId, open: false, hasGuide: false };
  const sentTo = isName(chatId) ? await askForId(round, chatId) : null;
  if (sentTo === undefined) return;
  const target = { slot: round.slot, chatId, sentTo };
  try {
    await send(
      turn,
      chatId,
      claimOf(turn, async () => {
        const { started, hasGuide } = await startPost(db, runId, target, round.guide);
        turn.hasGuide = hasGuide;
        return started;
      }),
    );
  } catch (error) {
    if (turn.open) {
      const why = error instanceof Error ? error.message : String(error);
      // Where the database is what failed, a later pass finds the open intent.
      await finish(round, chatId, { state: 'uncertain', error: why }).catch(() => {});
    }
    throw error;
  }
}

/**
 * The id of a chat that is configured by its name, which may be configured by another name or by the id as well.
 * @returns undefined where it is not to be had: that is written down, or the pass stops
 */
async function askForId(round: Round, name: string): Promise<string | undefined> {
  for (let tries = 1; ; tries++) {
    const outcome = await round.bot.getChat(name);
    if (outcome.kind === 'ok') return outcome.result.id;
    if (outcome.kind === 'stopped') return undefined;
    const mayPass = outcome.kind === 'unanswered' || outcome.kind === 'not_sent';
    if (mayPass && tries < mostTriesOfQuestion && round.context.stop.reason === null) continue;
    await failUnsent(round, name, 'description' in outcome ? outcome.description : outcome.kind);
    return undefined;
  }
}

function claimOf(turn: Turn, start: () => Promise<boolean>): Claim {
  return {
    async commit() {
      turn.open = await start();
      return turn.open;
    },
    async takeBack() {
      await takeBackPost(turn.round.context.db, { slot: turn.round.slot, chatId: turn.chatId });
      turn.open = false;
    },
  };
}

async function send(turn: Turn, target: string, claim: Claim): Promise<void> {
  const { round, chatId } = turn;
  const outcome = await round.bot.sendMessage({ ...round.message, chatId: target }, claim);
  if (outcome.kind === 'stopped') return;
  if (outcome.kind === 'not_claimed') {
    if (turn.hasGuide) return noteSameChat(round, chatId);
    // The lease is lost, or two groups became one chat.
    if (target === chatId || round.context.stop.reason !== null) return;
    return finish(round, chatId, {
      state: 'failed',
      error: `became ${target}, which has its guide; take ${chatId} out`,
    });
  }
  if (outcome.kind === 'chat_moved' && target === chatId) {
    await claim.takeBack();
    return sendToNewChat(turn, outcome.chatId);
  }
  turn.open = false;
  switch (outcome.kind) {
    case 'ok': {
      const { messageId, chatId: told } = outcome.result;
      return finish(round, chatId, { state: 'posted', messageId, sentTo: told === chatId ? null : told });
    }
    case 'already_sent':
      return finish(round, chatId, { state: 'posted', error: 'the chat deleted the message at once' });
    case 'unanswered':
      return finish(round, chatId, { state: 'uncertain', error: outcome.description });
    default:
      return finish(round, chatId, {
        state: 'failed',
        error: 'description' in outcome ? outcome.description : outcome.kind,
      });
  }
}

/** A group has a new id; the answer that says so proves that nothing was sent. */
async function sendToNewChat(turn: Turn, newChatId: string): Promise<void> {
  const { round, chatId } = turn;
  const { db, runId, log, settings } = round.context;
  if (settings.guideChatIds.includes(newChatId)) {
    const error = `became ${newChatId}, which GUIDE_CHAT_IDS names as well; take ${chatId} out`;
    return finish(round, chatId, { state: 'failed', error });
  }
  log.warn(
    { chat_id: chatId, new_chat_id: newChatId },
    `chat ${chatId} became ${newChatId} and is posted to there; put the new id in its place in GUIDE_CHAT_IDS`,
  );
  const move = () => movePost(db, runId, { slot: round.slot, chatId }, newChatId);
  await send(turn, newChatId, claimOf(turn, move));
}
