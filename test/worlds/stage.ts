/** A world as it stands for a test: its database, a simulated Telegram, and the program at its address. */
import { randomBytes } from 'node:crypto';
import { startDelayProxy } from '../support/delay-proxy.ts';
import { createScene, type Scene } from '../support/scene.ts';
import type { World } from './world.ts';

export interface Stage {
  scene: Scene;
  /** Settings of the world that are not the scene's. */
  env: Record<string, string>;
  /** The same without the distance: a migration has a hundred statements. */
  near: Record<string, string>;
  close(): Promise<void>;
}

export async function setUp(world: World): Promise<Stage> {
  const scene = await createScene({}, { GUIDE_CHAT_IDS: '-100' }, { migrated: false, database: world.database });
  const { db } = scene;
  const ends: (() => Promise<unknown>)[] = [];
  const url = new URL(db.url);
  if (world.role !== undefined) {
    const name = `role_${randomBytes(4).toString('hex')}`;
    await db.query(`create role ${name} login password 'world'; alter database ${db.name} owner to ${name};
      alter schema public owner to ${name}`);
    for (const [setting, value] of Object.entries(world.role)) {
      await db.query(`alter role ${name} set ${setting} = '${value}'`);
    }
    [url.username, url.password] = [name, 'world'];
  }
  if (world.schema !== undefined) {
    // The test's own sessions go by their path, the one that is open among them.
    await db.query(`create schema "${world.schema}" authorization "${url.username}";
      alter role current_user in database ${db.name} set search_path = "${world.schema}";
      set search_path = "${world.schema}"`);
  }
  for (const [setting, value] of Object.entries(world.session ?? {})) {
    await db.query(`alter database ${db.name} set ${setting} = ${value}`);
  }
  for (const [parameter, value] of Object.entries(world.parameters ?? {})) url.searchParams.set(parameter, value);
  let address = url.href;
  if (world.distanceMs !== undefined) {
    const proxy = await startDelayProxy(address, world.distanceMs);
    address = proxy.url;
    ends.push(() => proxy.close());
  }
  const named = world.schema === undefined ? {} : { SCHEMA: world.schema };
  return {
    scene,
    env: { DATABASE_URL: address, ...named },
    near: { DATABASE_URL: url.href, ...named },
    async close() {
      for (const end of ends) await end();
      await scene.close();
    },
  };
}
