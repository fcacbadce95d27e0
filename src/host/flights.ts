// The calls of one plugin that are in flight: their tokens, what they keep in memory, when their time is over,
// and the handles by which they are given up. The invariant: never more than the caps allow.
import { CALL_ID_STEP } from "../spec/status.ts";
import { caps } from "./caps.ts";
import type { CallHandle } from "./dialer.ts";
import { type OutgoingCall, sizeOf } from "./effects.ts";

const MILLISECOND = 1_000_000n;

export class Flights {
  readonly calls = new Map<number, OutgoingCall>();
  /** Bytes of everything in flight. */
  bytes = 0;
  /** Monotonic nanoseconds at which calls time out. */
  readonly #due = new Map<number, bigint>();
  readonly #handles = new Map<number, CallHandle>();
  readonly #next = [0, 1, 2, 3];

  /** A fresh token; its low two bits are the kind. */
  token(kind: number): number {
    this.#next[kind] = (this.#next[kind]! + CALL_ID_STEP) >>> 0;
    return this.#next[kind]!;
  }

  /** False where there is too much in flight already. `now`: monotonic nanoseconds. */
  add(call: OutgoingCall, now: bigint): boolean {
    const bytes = this.bytes + sizeOf(call);
    if (this.calls.size >= caps.outstanding || bytes > caps.dispatchBytes) return false;
    this.bytes = bytes;
    this.calls.set(call.token, call);
    if (call.kind !== "dns" && call.timeout > 0) {
      this.#due.set(call.token, now + BigInt(call.timeout) * MILLISECOND);
    }
    return true;
  }

  /** Room for that many bytes more, or false. */
  grow(bytes: number): boolean {
    if (this.bytes + bytes > caps.dispatchBytes) return false;
    this.bytes += bytes;
    return true;
  }

  shrink(bytes: number): void {
    this.bytes -= bytes;
  }

  handle(token: number): CallHandle | undefined {
    return this.#handles.get(token);
  }

  /** Under way now; a call that was answered meanwhile is not. */
  dialled(token: number, handle: CallHandle): void {
    if (this.calls.has(token)) this.#handles.set(token, handle);
  }

  /** Forgets a call; undefined where the token is unknown or was answered before. */
  take(token: number): OutgoingCall | undefined {
    const call = this.calls.get(token);
    if (call === undefined) return undefined;
    this.calls.delete(token);
    this.#due.delete(token);
    this.#handles.delete(token);
    this.bytes -= sizeOf(call);
    return call;
  }

  /** Forgets all calls; answers the handles, which are to be cancelled. */
  clear(): CallHandle[] {
    const handles = [...this.#handles.values()];
    this.calls.clear();
    this.#due.clear();
    this.#handles.clear();
    this.bytes = 0;
    return handles;
  }

  /** Tokens whose time is over. */
  overdue(now: bigint): number[] {
    const tokens: number[] = [];
    for (const [token, due] of this.#due) if (now >= due) tokens.push(token);
    return tokens;
  }

  /** When the next call times out, in monotonic nanoseconds; null where none does. */
  nextDue(): bigint | null {
    let next: bigint | null = null;
    for (const due of this.#due.values()) if (next === null || due < next) next = due;
    return next;
  }
}
