/** The post of a guide: its text in MarkdownV2 and its button, checked as far as Telegram's rules are documented. */
import type { Guide } from '../store/guides.ts';
import { addressProblem } from './button-address.ts';
import { escapeMarkdown, utf16Length } from './markdown.ts';
import type { Button } from './notice.ts';
import { readMarkdown, type Span } from './read-markdown.ts';

const buttonText = '📖 Read Guide';
/** After parsing, in UTF-16 units. Source: core.telegram.org/bots/api#sendmessage */
const longestText = 4096;

export interface GuidePost {
  /** MarkdownV2. */
  text: string;
  button: Button;
  /** What readers see of the text. */
  spans: readonly Span[];
}

export type ComposedGuide = { kind: 'post'; post: GuidePost } | { kind: 'refused'; problems: string[] };

/**
 * Makes the post of a guide: its own Markdown, else the title in bold with the description below it.
 * @returns all that Telegram would refuse, each with its fix, where it would refuse anything
 */
export function composeGuide(guide: Pick<Guide, 'title' | 'description' | 'url' | 'markdown'>): ComposedGuide {
  const problems: string[] = [];
  const url = (guide.url ?? '').trim();
  if (url === '') problems.push('it has no url; give it the address that its button opens');
  else problems.push(...[addressProblem(url)].filter((problem) => problem !== null));

  const text = isBlank(guide.markdown) ? plainText(guide) : (guide.markdown ?? '');
  const read = readMarkdown(text);
  if (read.kind === 'fault') problems.push(`its markdown is not MarkdownV2: ${read.fault}`);
  else problems.push(...textProblems(guide, read.spans));

  if (read.kind === 'fault' || problems.length > 0) return { kind: 'refused', problems };
  return { kind: 'post', post: { text, button: { text: buttonText, url }, spans: read.spans } };
}

function plainText({ title, description }: Pick<Guide, 'title' | 'description'>): string {
  const parts = [isBlank(title) ? '' : `*${escapeMarkdown((title ?? '').trim())}*`, escapeMarkdown(description ?? '')];
  return parts.filter((part) => !isBlank(part)).join('\n\n');
}

function textProblems(guide: Pick<Guide, 'title' | 'description' | 'markdown'>, spans: readonly Span[]): string[] {
  const ownMarkdown = !isBlank(guide.markdown);
  if (!ownMarkdown && isBlank(guide.title)) return ['it has no title; give it one'];
  const length = utf16Length(spans.map((span) => span.text).join(''));
  if (isBlank(spans.map((span) => span.text).join(''))) return ['its markdown shows no text; write some'];
  if (length <= longestText) return [];
  const long = ownMarkdown ? 'its markdown shows' : `its text (title of ${utf16Length(guide.title ?? '')}) has`;
  return [`${long} ${length} characters; Telegram takes at most ${longestText}, so shorten it`];
}

function isBlank(text: string | null): boolean {
  return text === null || text.trim() === '';
}
