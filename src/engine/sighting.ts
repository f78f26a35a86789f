/** When a refusal condemns an item: after several sightings beside a witness, far enough apart to outlast an incident. */

const leastSightings = 5;
const leastSeconds = 6 * 3_600;

/** A dice in a private chat can be deleted only once it is this old (core.telegram.org/bots/api#deletemessage). */
const diceSeconds = 24 * 3_600;

export interface Sighting {
  /** Refusals so far, without this one. */
  refusals: number;
  /** Seconds since the first of them. */
  refusedFor: number;
  /** `message can't be deleted`: it may be a dice. */
  undeletable: boolean;
  chatId: string;
  /** Seconds since the message was sent; null where nobody knows. */
  age: number | null;
}

export function condemns({ refusals, refusedFor, undeletable, chatId, age }: Sighting): boolean {
  const mayBeDice = undeletable && !chatId.startsWith('-') && age !== null && age <= diceSeconds;
  return refusals + 1 >= leastSightings && refusedFor >= leastSeconds && !mayBeDice;
}
