/** What an operator can do where Telegram is out of reach, by the words of Node or OpenSSL for it. */
const waysOut: readonly [RegExp, string][] = [
  // Node 20 and 22, and 24 before 24.19 (nodejs.org/api/cli.html#--disable-wasm-trap-handler).
  [
    /WebAssembly/,
    'Node reserves 10 GB of addresses for it, not of memory: set NODE_OPTIONS=--disable-wasm-trap-handler where telesweep is started, or allow as much (ulimit -v, LimitAS=)',
  ],
  [
    /self-signed certificate|issuer certificate|verify the first certificate/,
    'where TELEGRAM_PROXY or TELEGRAM_API_ROOT has a certificate of its own, set NODE_EXTRA_CA_CERTS to the file of who signed it where telesweep is started',
  ],
  [/certificate (has expired|is not yet valid)/, "check this machine's clock, then the certificate"],
];

/** @param words of what kept a call from its answer */
export function wayOut(words: string): string {
  const [, way = 'check the network, TELEGRAM_API_ROOT and TELEGRAM_PROXY'] =
    waysOut.find(([pattern]) => pattern.test(words)) ?? [];
  return way;
}
