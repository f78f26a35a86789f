import type { Settings } from '../../settings/settings.ts';
import type { Connection } from '../../store/connect.ts';
import { readLastReports } from '../../store/reports.ts';
import { sendCommand } from '../stats/period-name.ts';
import { type Finding, fine, warning } from './finding.ts';

const check = 'report';

/** Where reports are wanted: what became of the last one of each length. */
export async function checkReports(connection: Connection, { statsChatId }: Settings): Promise<Finding[]> {
  if (statsChatId === null) return [];
  const reports = await readLastReports(connection);
  return reports.map(({ stretch, began, state, error }) => {
    const name = `the ${stretch} from ${began} on`;
    if (state === 'failed') {
      const wayOut = `mend STATS_CHAT_ID or the bot's rights there, then ${sendCommand(stretch)}`;
      return warning(check, `that of ${name} was not sent: ${error ?? 'no reason is known'}`, wayOut);
    }
    if (state === 'uncertain') {
      const text = `that of ${name} may not have arrived: ${error ?? 'no reason is known'}`;
      return warning(check, text, `it is not sent again; telesweep stats --by ${stretch} tells the same`);
    }
    return fine(check, `that of ${name} ${state === 'sent' ? 'was sent' : 'is being sent'}`);
  });
}
