/** Loaded into a child before its program: its host's clock is wrong by so many milliseconds. */
const shift = Number(process.env.TEST_CLOCK_SHIFT_MS);
const True = Date;

globalThis.Date = new Proxy(True, {
  construct: (target, args) => (args.length === 0 ? new target(True.now() + shift) : new target(...args)),
  apply: () => new True(True.now() + shift).toString(),
  get: (target, name) => (name === 'now' ? () => True.now() + shift : Reflect.get(target, name)),
});
