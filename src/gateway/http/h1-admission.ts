// Which HTTP/1 request heads are served: what the strict parser has let through can still ask for what this gateway
// doesn't do, or say where it ends in a way that another server would read differently. It must not know connections.
import type { Told } from "./h1-headers.ts";
import type { Head } from "./message-parser.ts";
import type { Target } from "./request-target.ts";

/** What a head says of its transfer coding: only `chunked` can be passed on, since it is the codec's own. */
export type Coding = "none" | "chunked" | "other";

export function codingOf(list: readonly string[]): Coding {
  let coding: Coding = "none";
  for (let i = 0; i < list.length; i += 2) {
    const name = list[i]!;
    if (name.length !== 17 || !/^transfer-encoding$/i.test(name)) continue;
    coding = coding === "none" && /^chunked$/i.test(list[i + 1]!) ? "chunked" : "other";
  }
  return coding;
}

/** The status with which a head is refused; 0 for one that is served. */
export function refusalStatus(
  head: Head,
  told: Told,
  target: Target | null,
  coding: Coding,
): number {
  const { list, major, minor } = head;
  if (major !== 1 || minor > 1) return 505;
  if (target === null || told.hosts > 1 || told.stripsKept) return 400;
  if (minor === 1 ? told.hosts === 0 : coding !== "none") return 400;
  if (coding === "other") return 501;
  return head.upgrade && !/^h2c$/i.test(firstOf(list, "upgrade")) ? 403 : 0;
}

function firstOf(list: readonly string[], name: string): string {
  for (let i = 0; i < list.length; i += 2) if (list[i]!.toLowerCase() === name) return list[i + 1]!;
  return "";
}
