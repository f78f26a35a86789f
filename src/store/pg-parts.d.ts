/** All of pg takes 0.4 ms longer to load: a pool and a native driver that nothing here uses. */
declare module 'pg/lib/client.js' {
  export { Client as default } from 'pg';
}
