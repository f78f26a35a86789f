import type { Scheduled } from './request.ts';

/** `metrics --output`, where a text file is wanted: the passes write all of it but the health of the jobs. */
export const healthFile: Scheduled = {
  name: 'metrics',
  command: 'metrics --output',
  summary: 'write the health of the jobs for Prometheus',
  token: null,
  requires: ['METRICS_TEXTFILE_DIR'],
  cron: () => '*/5 * * * *',
  maxRuntime: '3m',
};
