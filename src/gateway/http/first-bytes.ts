// Which protocol a connection speaks, from its first bytes: HTTP/2 opens with its preface, everything else is
// HTTP/1. Bytes that were read to find out are put back.
import type { Socket } from "node:net";
import type { Deadlines, Timed } from "./deadlines.ts";

/** The shortest beginning that no HTTP/1 method shares. */
const PREFACE = Buffer.from("PRI");

/**
 * Waits for enough bytes and tells which; the socket is paused then, with everything it has sent still to be
 * read. A socket that ends, or is silent for `limit` milliseconds (0: for ever), is destroyed and nothing told.
 */
export function sniff(
  socket: Socket,
  deadlines: Deadlines,
  limit: number,
  told: (http2: boolean) => void,
): void {
  let seen: Buffer = Buffer.alloc(0);
  const give = (): void => {
    deadlines.delete(timed);
    socket.off("data", read);
    socket.off("end", drop);
    socket.off("close", drop);
    socket.off("error", drop);
  };
  const drop = (): void => {
    give();
    socket.on("error", () => {});
    socket.destroy();
  };
  const timed: Timed = {
    deadline: limit === 0 ? Number.POSITIVE_INFINITY : deadlines.now() + limit,
    onDeadline: drop,
  };
  const read = (bytes: Buffer): void => {
    seen = seen.length === 0 ? bytes : Buffer.concat([seen, bytes]);
    const length = Math.min(seen.length, PREFACE.length);
    const alike = seen.subarray(0, length).equals(PREFACE.subarray(0, length));
    if (alike && length < PREFACE.length) return;
    give();
    socket.pause();
    socket.unshift(seen);
    told(alike);
  };
  socket.on("data", read);
  socket.on("end", drop);
  socket.on("close", drop);
  socket.on("error", drop);
  deadlines.add(timed);
}
