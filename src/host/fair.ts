// How what all plugins of a host share is divided between their namespaces. The invariant: whatever the others do, a
// namespace comes to its small part, as long as there are no more than `NAMESPACES` of them. It must not know what
// is counted.

/** Namespaces that are sure of their part; of more, those that come first. */
const NAMESPACES = 64;
/** No namespace has more than this part of everything. */
const MOST = 8;

/** What one namespace has for sure, of so much in all. */
export const sure = (all: number): number => all / 2 / NAMESPACES;

/** What one namespace has at most, of so much in all. */
export const atMost = (all: number): number => all / MOST;

/**
 * Whether a namespace may have `has`, with which everybody has `taken` of `all`. Half of everything is for whoever
 * wants more than its sure part; the other half is kept for the sure parts.
 */
export function mayHave(has: number, taken: number, all: number): boolean {
  if (has > atMost(all)) return false;
  return taken <= all / 2 || has <= sure(all);
}
