import { type Format, wrong } from './format.ts';
import { nearest } from './nearest-name.ts';

/** Short names that are the same zone to Node and to PostgreSQL. */
const meantAlike = ['UTC', 'GMT', 'CUBA', 'IRAN', 'EIRE'];

export const timeZone: Format<string> = {
  expected: 'an IANA time zone',
  parse(text) {
    // Loading the zones costs a pass about as much as reading all other settings.
    if (text === 'UTC' || exists(text)) return text;
    const suggestion = suggest(text);
    return wrong(text, `is not a time zone${suggestion === null ? '' : ` (did you mean ${suggestion}?)`}`);
  },
};

function exists(name: string): boolean {
  // Later versions of Node take offsets such as +02:00, which mean the opposite to PostgreSQL.
  if (!/^[A-Za-z]/.test(name)) return false;
  // Abbreviations as well: IST is +05:30 to Node and +02:00 to PostgreSQL, and its CET knows no summer time.
  if (/^[A-Z]{3,4}$/i.test(name) && !meantAlike.includes(name.toUpperCase())) return false;
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

function suggest(name: string): string | null {
  const zones = Intl.supportedValuesOf('timeZone');
  const wanted = name.toLowerCase().replaceAll(' ', '_');
  return (
    zones.find((zone) => zone.toLowerCase().endsWith(`/${wanted}`)) ??
    nearest(wanted, zones, { most: 3, fold: (zone) => zone.toLowerCase() })
  );
}
