/** Root may read and write everything, so what a refusal does is tried as somebody else. */
const nobody = 65_534;

/** Runs `work` without root's rights; an ordinary user runs it as it is. */
export async function asOrdinaryUser<T>(work: () => T | Promise<T>): Promise<T> {
  if (process.geteuid?.() !== 0 || process.seteuid === undefined) return work();
  process.seteuid(nobody);
  try {
    return await work();
  } finally {
    process.seteuid(0);
  }
}
