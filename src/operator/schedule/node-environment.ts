import type { World } from '../../process/world.ts';
import { hiddenFolders, plainPath } from './place.ts';
import { heapOptions, type ScheduleFormat, type SettingsPlace } from './request.ts';

/** Which way Node takes to Telegram, and whether one stands: nothing else of NODE_OPTIONS is meant for cron. */
const carriedOption =
  /^--(disable-wasm-trap-handler|use-(bundled|openssl|system)-ca|dns-result-order=\w+|(no-)?network-family-autoselection|tls-(min|max)-v1\.[0-3])$/;

export interface NodeEnvironment {
  /** By its name, plain enough for a line of cron and of systemd. */
  variables: Readonly<Record<string, string>>;
  doubts: readonly string[];
}

/**
 * What Node reads when it starts, and no env file can hold. For cron and systemd what stands in this environment: without it what
 * works by hand would fail there; a pod has the environment of its image. Where the memory has a limit, how to do with it.
 */
export function nodeEnvironment(format: ScheduleFormat, settings: SettingsPlace, env: World['env']): NodeEnvironment {
  const isHere = format === 'crontab' || format === 'systemd';
  const { NODE_EXTRA_CA_CERTS: certificates = '', NODE_OPTIONS: given = '' } = isHere ? env : {};
  const options = given.split(/\s+/).filter((option) => carriedOption.test(option));
  if (format === 'systemd' || format === 'kubernetes') options.unshift(heapOptions(settings));
  const isPlain = plainPath.test(certificates);
  return {
    variables: {
      ...(isPlain && { NODE_EXTRA_CA_CERTS: certificates }),
      ...(options.length > 0 && { NODE_OPTIONS: options.join(' ') }),
    },
    doubts: certificates === '' ? [] : doubtsOf(certificates, isPlain, format === 'systemd'),
  };
}

function doubtsOf(certificates: string, isPlain: boolean, isForUnits: boolean): string[] {
  if (!isPlain) {
    const text = `NODE_EXTRA_CA_CERTS: ${JSON.stringify(certificates)} is left out`;
    return [`${text}; expected an absolute path of letters, digits and . / @ + - _`];
  }
  if (!isForUnits || !hiddenFolders.test(certificates)) return [];
  const text = `NODE_EXTRA_CA_CERTS: ${certificates} lies where no unit can look (ProtectHome=, PrivateTmp=)`;
  return [`${text}: expected it in a folder such as /etc/telesweep`];
}
