/** The notice's button: how a reader gets the deleted messages again. */

export interface Button {
  text: string;
  url: string;
}

/** A deep link's payload. Source: core.telegram.org/bots/features#deep-linking */
const payload = /^[A-Za-z0-9_-]{1,64}$/;

/**
 * Makes the button that opens `https://t.me/<bot>?start=<unique_id>`.
 * @returns no button where the record has no `unique_id`; a warning as well where it has one that cannot be a deep link
 */
export function noticeButton(options: { username: string; uniqueId: string | null; label: string }): {
  button: Button | null;
  warning: string | null;
} {
  const { username, uniqueId, label } = options;
  if (uniqueId === null || uniqueId === '') return { button: null, warning: null };
  if (payload.test(uniqueId)) {
    return { button: { text: label, url: `https://t.me/${username}?start=${uniqueId}` }, warning: null };
  }
  const shown = JSON.stringify(uniqueId.length > 80 ? `${uniqueId.slice(0, 80)}…` : uniqueId);
  const expected = '1 to 64 of A-Z, a-z, 0-9, "_" and "-"';
  return {
    button: null,
    warning: `unique_id: ${shown} cannot be a deep link; expected ${expected}; the notice goes out without its button`,
  };
}
