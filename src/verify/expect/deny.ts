// The expected body of `deny`: logs one constant line through the import of proxy_log, past its
// guards. It borrows a window of page 0 and puts back what stood there, since a log call runs no
// guest code (rule A30). Written from docs/containment.md and docs/guards.md, "Thunk".
import { WINDOW } from "../../spec/layout.ts";
import { LOG_LEVEL } from "../../spec/status.ts";
import { type Expected, signature } from "./expected.ts";
import { when } from "./guards/phrases.ts";
import type { Link } from "./link.ts";
import { hosting } from "./thunk.ts";
import { written } from "./words.ts";

const WORD_BYTES = 8;
const WORDS = WINDOW.bytes / WORD_BYTES;
export const WINDOW_AT = `i32.const ${WINDOW.address}`;

/** What keeps the window's words in locals, from `first` on, and what puts them back. */
export function window(first: number): { readonly save: string; readonly restore: string } {
  const words = Array.from({ length: WORDS }, (_, k) => [first + k, WORD_BYTES * k] as const);
  const save = words.map(([at, offset]) => `${WINDOW_AT} i64.load 3 ${offset} local.set ${at}`);
  const restore = words.map(([at, offset]) => `${WINDOW_AT} local.get ${at} i64.store 3 ${offset}`);
  return { save: save.join(" "), restore: restore.join(" ") };
}

/** @param segment the passive data segment; @param log the number of proxy_log among the imports */
export function deny(link: Link, segment: number, log: number): Expected {
  const { save, restore } = window(2);
  const line = `i32.const ${LOG_LEVEL.error} ${WINDOW_AT} local.get 1 call import-${log} drop`;
  const steps = `${save} ${WINDOW_AT} local.get 0 local.get 1 memory.init ${segment} 0
    ${hosting(line)} ${restore}`;
  const text = `${when("memory.size", steps)} end`;
  return written(link, "deny", signature("ii:"), text, { locals: "I".repeat(WORDS) });
}
