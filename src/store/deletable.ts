/** A message may be deleted within 48 hours of being sent (core.telegram.org/bots/api#deletemessage). */
export const deletableSeconds = 48 * 3_600;

/** As an SQL interval. */
export const deletable = `interval '${deletableSeconds} seconds'`;
