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
const words = Array.from({ length: WORDS }, (_, k) => ({ local: 2 + k, offset: WORD_BYTES * k }));
const WINDOW_AT = `i32.const ${WINDOW.address}`;

/** @param segment the passive data segment; @param log the number of proxy_log among the imports */
export function deny(link: Link, segment: number, log: number): Expected {
  const save = words.map(
    ({ local, offset }) => `${WINDOW_AT} i64.load 3 ${offset} local.set ${local}`,
  );
  const restore = words.map(
    ({ local, offset }) => `${WINDOW_AT} local.get ${local} i64.store 3 ${offset}`,
  );
  const line = `i32.const ${LOG_LEVEL.error} ${WINDOW_AT} local.get 1 call import-${log} drop`;
  const steps = `${save.join(" ")} ${WINDOW_AT} local.get 0 local.get 1 memory.init ${segment} 0
    ${hosting(line)} ${restore.join(" ")}`;
  const text = `${when("memory.size", steps)} end`;
  return written(link, "deny", signature("ii:"), text, { locals: "I".repeat(WORDS) });
}
