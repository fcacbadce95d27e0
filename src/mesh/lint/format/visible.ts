// Text of strangers on its way to a terminal or a log.

/** One line of visible text: names and lines out of a document may hold escapes that a terminal obeys. */
export function visible(text: string): string {
  return text.replaceAll("\t", " ").replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu, "?");
}
