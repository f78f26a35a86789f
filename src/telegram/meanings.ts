/**
 * What the descriptions of refusals mean: the known texts of the server's source (tdlib/telegram-bot-api Client.cpp, tdlib/td) and
 * of sightings, line by line in `test/telegram/telegram-answers.tsv`. Texts may change, so pieces are matched, in lower case.
 */

export type Method =
  | 'deleteMessage'
  | 'deleteMessages'
  | 'sendMessage'
  | 'editMessageText'
  | 'getChat'
  | 'getChatMember'
  | 'getMe';

export type Meaning =
  | 'gone'
  | 'undeletable'
  | 'unmodified'
  | 'uneditable'
  | 'bad_text'
  /** A wrong bot would hear the same. */
  | 'chat_unreachable'
  /** It proves that the chat knew this bot. */
  | 'chat_lost'
  | 'forbidden'
  | 'token_refused'
  | 'bot_refused'
  | 'method_unknown'
  | 'flood_wait'
  | 'later'
  | 'unanswered'
  | 'sent_already'
  /** One id of the call. */
  | 'bad_id'
  /** The call as we made it. */
  | 'bad_call';

interface Row {
  meaning: Meaning;
  /** Null for any. */
  codes: readonly number[] | null;
  /** Null for any. */
  methods: readonly Method[] | null;
  pieces: RegExp;
}

const deletes = ['deleteMessage', 'deleteMessages'] as const;
const edits = ['editMessageText'] as const;
const texts = ['sendMessage', 'editMessageText'] as const;

/**
 * The server prints an all-capitals 403 as 400, and so 406 and 420 (Client.cpp): texts of the server itself are matched under all
 * of these codes.
 */
const refusals = [400, 403, 406, 420];

/** The first row that fits counts. Texts that quote the notice come first. */
const rows: readonly Row[] = [
  row('bad_text', [400, 413], texts, [
    /can't parse (entities|inline keyboard|reply keyboard|url|link preview)|unsupported parse_mode|request entity too large/,
    /message text is empty|message must be non-empty|: text is empty|must be encoded in utf-8|too long|entity beginning/,
    /button_|entit(y|ies)_|reply_markup_invalid|message_too_long|webpage_not_found|bot_domain_invalid|peer_types_invalid/,
    /admin_rights_empty|inline keyboard|as reply markup|wrong http url|url host is empty|wrong type of the web page|bot ".*" not found/,
  ]),
  row('sent_already', [500], null, [/sent message was immediately deleted/]),
  row('flood_wait', refusals, null, [/flood_wait_\d+/]),
  row('later', null, ['sendMessage'], [/slowmode_wait/]),
  row('later', refusals, ['getChat'], [/connection_layer_invalid|chat_not_modified/]),
  row('later', refusals, edits, [/edit_message_temp_restricted/]),
  row('unanswered', refusals, null, [/: timeout$/]),
  row('token_refused', [401, 421], null, [/./, /^$/]),
  row('token_refused', [404], null, [/^\s*not found\s*$/, /absolute uri is specified/]),
  row('token_refused', [400], null, [/logged out/]),
  row('method_unknown', [404], null, [/method not found/]),
  row('bot_refused', refusals, null, [/frozen_|balance_too_low/]),
  row('gone', [400], deletes, [/message to delete not found/]),
  row('undeletable', refusals, deletes, [/message can't be deleted|message_delete_forbidden/]),
  row('bad_call', [400], deletes, [/message_ids json|message identifiers/]),
  row('bad_id', [400], deletes, [/message identifier|(message|msg)_id_invalid/]),
  row('bad_call', [400], null, [/chat_id is empty|chat identifier is not specified/]),
  row('unmodified', [400], edits, [/message is not modified|message_not_modified|: message not found/]),
  row('uneditable', refusals, edits, [
    /message to edit not found|message can't be edited|no text in the message|(message|msg)_id_invalid|message_author_required/,
    /message_edit_time_expired|inline_bot_required|media_|can't use the media/,
  ]),
  row('bad_call', [400], edits, [/message identifier is not specified/]),
  row('chat_lost', refusals, null, [
    /bot was blocked by the user|user_is_blocked|user is deactivated|input_user_deactivated|bot was kicked from|bot is not a member of/,
    /the group chat was deleted|(group|chat) is deactivated|group chat was upgraded/,
  ]),
  row('chat_unreachable', refusals, null, [
    /chat not found|peer_id_invalid|chat_id_invalid|channel_invalid|channel_public_group_na|user_deleted|user_is_bot|you_blocked_user/,
    /bot can't initiate conversation|bots? can't send messages to|user_privacy_restricted|privacy_premium_required/,
    /user_not_mutual_contact|username_(invalid|not_occupied)/,
  ]),
  row('forbidden', refusals, null, [
    /need administrator rights|not enough rights|have no (rights|access|write access)|chat_admin_required|channel_private/,
    /chat_(write|guest_send|send_[a-z]+)_forbidden|chat_restricted|topic_(closed|deleted)/,
    /chat is not a forum|topic must be specified|message thread not found|send_as_peer_invalid|allow_payment_required|member list is inaccessible/,
  ]),
  row('forbidden', [403], null, [/./, /^$/]),
];

function row(meaning: Meaning, codes: Row['codes'], methods: Row['methods'], pieces: readonly RegExp[]): Row {
  return { meaning, codes, methods, pieces: new RegExp(pieces.map(({ source }) => source).join('|')) };
}

/** @param text the description in lower case @returns null for a refusal that nobody knows */
export function meaningOf(method: Method, code: number, text: string): Meaning | null {
  const fits = ({ codes, methods, pieces }: Row): boolean =>
    (codes === null || codes.includes(code)) && (methods === null || methods.includes(method)) && pieces.test(text);
  return rows.find(fits)?.meaning ?? null;
}
