/** The tables as Kysely sees them. A `bigint` is text here, because a chat or record id may pass 2^53. Types alone. */
import type { ColumnType, Generated } from 'kysely';

/** `timestamptz`: read as Date, written as Date or as ISO text, which keeps microseconds. */
type Timestamp = ColumnType<Date, Date | string | undefined, Date | string>;
type NullableTimestamp = ColumnType<Date | null, Date | string | null | undefined, Date | string | null>;
type Json<T> = ColumnType<T, string, string>;

/** What telesweep adds to a table whose rows can fail for a passing reason. */
interface Attempts {
  attempts: Generated<number>;
  next_attempt_at: NullableTimestamp;
  /** How often Telegram refused it for want of rights or for no known reason, beside a witness. */
  refusals: Generated<number>;
  /** The first of these refusals. */
  refused_since: NullableTimestamp;
}

/** What telesweep adds to a table whose rows can be given up. */
interface Failure {
  failed_at: NullableTimestamp;
  failure: string | null;
  /** Telegram's or PostgreSQL's own words. */
  failure_detail: string | null;
}

export interface Database {
  users: {
    user_id: string;
    username: string | null;
    first_name: string | null;
    is_banned: Generated<boolean>;
    joined_at: Timestamp;
  };
  tokens: {
    token: string;
    unique_id: string | null;
    created_by: string | null;
    status: Generated<string>;
    created_at: Timestamp;
    expires_at: Timestamp;
  };
  token_generator_count: {
    user_id: string;
    date: ColumnType<string, string, string>;
    token_generated: Generated<number>;
  };
  pending_deletions: Attempts &
    Failure & {
      id: Generated<string>;
      user_id: string | null;
      chat_id: string;
      message_ids: ColumnType<string[], string[] | number[], string[] | number[]>;
      unique_id: string | null;
      created_at: Timestamp;
      delete_at: Timestamp;
      /** When Telegram had answered for every message; what is left is the notice. */
      messages_deleted_at: NullableTimestamp;
      /** The intent: committed before the notice is sent, so that it is never sent twice. */
      notice_started_at: NullableTimestamp;
      /** The notice was sent; the database did not let the record go. */
      notice_sent_at: NullableTimestamp;
    };
  broadcasts: Failure & {
    id: Generated<string>;
    text: string | null;
    caption: string | null;
    file_id: string | null;
    created_at: Timestamp;
    delete_at: NullableTimestamp;
    /** Set once a ledger was found: without it, a broadcast that has no rows never had a ledger. */
    deletion_started_at: NullableTimestamp;
  };
  broadcast_messages: Attempts &
    Failure & {
      broadcast_id: string;
      chat_id: string;
      message_id: string;
      sent_at: Timestamp;
    };
  guides: {
    id: string;
    position: number;
    title: string;
    description: string | null;
    url: string | null;
    enabled: Generated<boolean>;
    /** telesweep's own: MarkdownV2 to post in place of title and description. */
    markdown: string | null;
  };
  'telesweep.runs': {
    run_id: string;
    job: string;
    started_at: Timestamp;
    finished_at: NullableTimestamp;
    outcome: string | null;
    summary: Json<unknown> | null;
  };
  /** What the jobs have done in all. */
  'telesweep.totals': {
    schema_name: string;
    bot_id: string;
    job: string;
    name: string;
    label: string;
    value: string;
    changed_at: Timestamp;
  };
  'telesweep.leases': {
    job: string;
    run_id: string;
    holder: string;
    acquired_at: Timestamp;
    expires_at: Timestamp;
  };
  'telesweep.budgets': {
    bot_id: string;
    next_call_at: Timestamp;
    paused_until: NullableTimestamp;
    /** Set by a pass that left because the pause was too long to wait for: until then others leave as well. */
    cooldown_until: NullableTimestamp;
  };
  'telesweep.bots': {
    bot_id: string;
    username: Generated<string>;
    asked_at: Timestamp;
    /** The last success: the witness that a refusal is the chat's and not the bot's. */
    worked_at: NullableTimestamp;
    /** Chats in a row that answered what a wrong or frozen bot would hear. */
    streak: Generated<number>;
    /** The server knows no `deleteMessages`. */
    one_by_one: Generated<boolean>;
  };
  /** The bot that a job's messages were sent by. */
  'telesweep.senders': {
    job: string;
    bot_id: string;
    since: Timestamp;
  };
  /** Broadcasts that telesweep itself removed, for 48 hours. */
  'telesweep.finished_broadcasts': {
    broadcast_id: string;
    finished_at: Timestamp;
  };
  'telesweep.guide_posts': {
    slot: Timestamp;
    guide_id: string;
    chat_id: string;
    state: string;
    message_id: string | null;
    error: string | null;
    /** Where the guide stood, so that the rotation goes on from there when the guide is removed. */
    position: string | null;
    /** The chat's id where it is another than the configured one. */
    sent_to: string | null;
  };
  'telesweep.guide_totals': {
    status: string;
    total: string;
  };
  /** Figures that outlive the rows that they count: daily-metrics.ts. */
  'telesweep.daily': {
    schema_name: string;
    day: ColumnType<string, string, string>;
    metric: string;
    value: string;
  };
}
