/** All of undici takes 95 ms to load, these parts 20. */
declare module 'undici/lib/dispatcher/pool.js' {
  export { Pool as default } from 'undici';
}
declare module 'undici/lib/core/connect.js' {
  import type { Socket } from 'node:net';
  import type { buildConnector } from 'undici';
  /** Returns the socket, too, which undici's own types leave out. */
  export type Connector = (...call: Parameters<buildConnector.connector>) => Socket;
  export default function connector(options: buildConnector.BuildOptions): Connector;
}
