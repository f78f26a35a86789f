import { type Connection, readOnly } from '../../store/connect.ts';
import { readGuides } from '../../store/guides.ts';
import { composeGuide } from '../../telegram/guide-text.ts';
import { type Finding, fault, fine, warning } from './finding.ts';

/** The text and the button of every guide that has its turn. */
export async function checkGuides(connection: Connection): Promise<Finding[]> {
  const guides = await readOnly(connection, async () => readGuides(await connection.kysely()));
  const enabled = guides.filter((guide) => guide.enabled);
  if (enabled.length === 0) {
    return [fault('guides', 'no guide is enabled, so post-guide has nothing to post', 'telesweep guides import FILE')];
  }
  const findings: Finding[] = [];
  const examples: string[] = [];
  for (const guide of enabled) {
    const composed = composeGuide(guide);
    if (composed.kind === 'refused') {
      const text = `guide ${guide.id} cannot be posted: ${composed.problems.join('; ')}`;
      findings.push(fault('guides', text, `mend it, then telesweep guides preview ${guide.id}`));
    } else if (isExample(composed.post.button.url)) examples.push(guide.id);
  }
  if (examples.length > 0) {
    const text = `${examples.join(', ')}: the button opens example.com, as in the default guides`;
    findings.push(warning('guides', text, 'put the real addresses in: telesweep guides import FILE'));
  }
  if (findings.length === 0) findings.push(fine('guides', `${enabled.length} enabled, each can be posted`));
  return findings;
}

function isExample(address: string): boolean {
  return /^https?:\/\/(?:[\w-]+\.)*example\.(?:com|net|org)(?:[/:?#]|$)/i.test(address);
}
