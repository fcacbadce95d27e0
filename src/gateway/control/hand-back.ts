// A process of its own that sends each socket it is given back as often as it is asked: every way through the system
// makes a new descriptor of the same socket. It accepts nothing, and ends when nobody talks to it any more.

import type { SendHandle } from "node:child_process";
import process from "node:process";

process.on("message", ({ place, copies }: Order, socket: SendHandle) => {
  for (let i = 0; i < copies; i++) process.send!({ place }, socket);
});

export interface Order {
  /** Of the socket among those that are copied. */
  readonly place: number;
  readonly copies: number;
}
