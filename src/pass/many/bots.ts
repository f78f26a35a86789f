import { placeOf, readInstallation } from '../../settings/installation.ts';
import type { PassOptions } from '../report.ts';
import { isInShare, type Share } from './share.ts';

/** A bot of a directory; its settings are read when its turn has come, so that they need not all be held. */
export interface Bot {
  name: string;
  options: PassOptions;
}

/**
 * The bots of a directory that fall to this share, as they stand now, in order of their names.
 * @throws SettingsError where the directory itself cannot be read
 */
export function listBots(directory: string, share: Share | null, options: PassOptions): Bot[] {
  const installation = readInstallation(directory);
  return installation.bots
    .filter(({ name }) => share === null || isInShare(name, share))
    .map((file) => {
      const { name, envFile } = file;
      return { name, options: { ...options, envFile, bot: placeOf(file, installation) } };
    });
}
