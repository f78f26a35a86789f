import type { World } from '../../process/world.ts';
import { hiddenFolders, plainPath } from './place.ts';

/** Which way Node takes to Telegram, and whether one stands: nothing else of NODE_OPTIONS is meant for cron. */
const carriedOption =
  /^--(disable-wasm-trap-handler|use-(bundled|openssl|system)-ca|dns-result-order=\w+|(no-)?network-family-autoselection|tls-(min|max)-v1\.[0-3])$/;

export interface NodeEnvironment {
  /** `NAME=value`, plain enough for a line of cron and of systemd. */
  lines: readonly string[];
  doubts: readonly string[];
}

/**
 * What Node reads when it starts, and no env file can hold: without it what works by hand would fail in cron, and for a unit.
 * @param isForUnits some folders are out of their sight
 */
export function nodeEnvironment(env: World['env'], isForUnits: boolean): NodeEnvironment {
  const { NODE_EXTRA_CA_CERTS: certificates = '', NODE_OPTIONS: options = '' } = env;
  const carried = options.split(/\s+/).filter((option) => carriedOption.test(option));
  const isPlain = plainPath.test(certificates);
  const doubts: string[] = [];
  if (certificates !== '' && !isPlain) {
    doubts.push(
      `NODE_EXTRA_CA_CERTS: ${JSON.stringify(certificates)} is left out; expected an absolute path of letters, digits and . / @ + - _`,
    );
  } else if (isForUnits && hiddenFolders.test(certificates)) {
    doubts.push(
      `NODE_EXTRA_CA_CERTS: ${certificates} lies where no unit can look (ProtectHome=, PrivateTmp=): expected it in a folder such as /etc/telesweep`,
    );
  }
  return {
    lines: [
      ...(isPlain ? [`NODE_EXTRA_CA_CERTS=${certificates}`] : []),
      ...(carried.length > 0 ? [`NODE_OPTIONS=${carried.join(' ')}`] : []),
    ],
    doubts,
  };
}
