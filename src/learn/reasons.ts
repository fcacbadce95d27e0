// Evidence as one sentence for a `# reason:` comment: how often, where first, about what. Its names were made plain
// when they were recorded.
import type { Evidence, Use } from "../record/run-record.ts";
import type { Proposal } from "./proposals.ts";

export function times(count: number): string {
  return count === 1 ? "once" : `${count} times`;
}

/** `proxy_on_request_headers of GET /geo (request 3), to geo-cluster`. */
export function placeOf({ callback, request, path, what }: Evidence): string {
  const of =
    request === null
      ? ""
      : path === null
        ? ` of request ${request}`
        : ` of ${path} (request ${request})`;
  return `${callback}${of}${what === null ? "" : `, ${what}`}`;
}

export function reasonOf({ count, first }: Use): string {
  return `${times(count)}, first in ${placeOf(first)}`;
}

/** Uses of one name in several places (header maps, kinds of calls) as one. */
export function byName(uses: readonly Use[]): readonly Use[] {
  const merged = new Map<string, Use>();
  for (const use of uses) {
    const before = merged.get(use.name);
    merged.set(
      use.name,
      before === undefined ? use : { ...before, count: before.count + use.count },
    );
  }
  return [...merged.values()];
}

/** Where a limit comes from; `show` writes a value in the field's unit. */
export function limitReason(
  { most, base, basis, samples }: Proposal,
  { percentile, margin }: { readonly percentile: number; readonly margin: number },
  show: (value: number) => string,
): string {
  const seen = samples === 1 ? "one value" : `${samples} values`;
  if (basis === "maximum") return `the most of ${seen} was ${show(most)}, times ${margin}`;
  const low = `p${percentile} of ${seen} is ${show(base)}`;
  if (basis === "percentile") return `${low}, times ${margin}; the most was ${show(most)}`;
  return `the most of ${seen} was ${show(most)}, beyond ${margin} times p${percentile}`;
}
