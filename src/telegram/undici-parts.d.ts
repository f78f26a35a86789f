/** All of undici takes 95 ms to load, its pool alone 20. */
declare module 'undici/lib/dispatcher/pool.js' {
  export { Pool as default } from 'undici';
}
