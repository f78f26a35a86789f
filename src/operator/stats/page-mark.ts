/** A file that begins so is a page of `stats --html`, and may be replaced by the next one. */
export const pageMark = '<!doctype html>\n<!-- telesweep stats -->\n';
