import { type RowKind, rowsSection } from './rows-section.ts';
import type { Section } from './section.ts';

interface TokenKind extends RowKind {
  status: 'not_used' | 'verified' | 'bypassed';
  expired: boolean;
}

const kinds: readonly TokenKind[] = [
  { name: 'verified, expired', status: 'verified', expired: true, rows: 900, stays: false },
  { name: 'bypassed, expired', status: 'bypassed', expired: true, rows: 340, stays: false },
  { name: 'verified, still valid', status: 'verified', expired: false, rows: 210, stays: true },
  { name: 'never used, however old', status: 'not_used', expired: true, rows: 150, stays: true },
];

/** Used tokens go once they have expired. */
export function cleanupTokensSection(): Section {
  return rowsSection({
    job: 'cleanup-tokens',
    remark: 'twice a day',
    heading: () => 'tokens: those that were used and have expired go',
    kinds,
    insert: (stage, { status, expired, rows }) =>
      stage.query(
        `insert into tokens (token, unique_id, created_by, status, expires_at)
         select gen_random_uuid(), 'file-' || n, 7000000000 + n, $1, now() + $2::interval - n * interval '1 minute'
         from generate_series(1, $3::int) as n`,
        [status, expired ? '0' : '2 days', rows],
      ),
    where: (_stage, { status, expired }) => ['tokens', 'status = $1 and (expires_at < now()) = $2', [status, expired]],
  });
}
