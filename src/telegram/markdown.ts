/** Text for `parse_mode` MarkdownV2. Source of the rules: core.telegram.org/bots/api#markdownv2-style */

/** Escapes text outside entities, and inside bold, italic and link texts. */
export function escapeMarkdown(text: string): string {
  return text.replace(/[_*[\]()~`>#+\-=|{}.!\\]/g, '\\$&');
}

/** Length in UTF-16 units, as Telegram counts text: 1 to 4096 after parsing. */
export function utf16Length(text: string): number {
  return text.length;
}
