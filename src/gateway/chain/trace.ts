// What plugins do with one request, callback by callback and host call by host call: names, statuses and fuel.
// No argument, header or body is kept, so that a trace holds nothing that was secret in a request.

import type { StreamContext } from "../../host/stream-context.ts";
import type { CallbackTrace, CallTrace, Tracer } from "../../host/tracer.ts";

export interface TracedCall {
  readonly function: string;
  /** The status or errno; null for a function without one. */
  readonly answer: number | null;
}

export interface TracedCallback {
  readonly plugin: string;
  readonly callback: string;
  readonly fuel: number | null;
  readonly trapped: boolean;
  readonly calls: readonly TracedCall[];
  /** Calls beyond what a trace holds. */
  readonly more: number;
}

export interface RequestTrace {
  /** Milliseconds since 1970. */
  readonly time: number;
  readonly method: string;
  readonly route: string;
  readonly status: number;
  readonly details: string;
  readonly milliseconds: number;
  readonly callbacks: readonly TracedCallback[];
}

/** Calls of one callback, and callbacks of one request, that a trace holds. */
const CALLS = 256;
const CALLBACKS = 256;

/** The trace of one request while it goes on. */
export class TraceRecorder {
  readonly callbacks: TracedCallback[] = [];
  #calls: TracedCall[] = [];
  #more = 0;

  call({ row, answer }: CallTrace): void {
    if (this.#calls.length >= CALLS) this.#more++;
    else this.#calls.push({ function: row.name, answer: answer ?? null });
  }

  callback(plugin: string, { name, fuel, trapped }: CallbackTrace): void {
    const calls = this.#calls;
    const more = this.#more;
    this.#calls = [];
    this.#more = 0;
    if (this.callbacks.length >= CALLBACKS) return;
    this.callbacks.push({ plugin, callback: name, fuel, trapped, calls, more });
  }
}

/** Sorts what a plugin does by the requests that it does it for. */
export class PluginTracer implements Tracer {
  readonly #plugin: string;
  readonly #requests = new Map<StreamContext, TraceRecorder>();
  /** The request that is being opened: its context isn't known yet. */
  #opening: TraceRecorder | null = null;

  constructor(plugin: string) {
    this.#plugin = plugin;
  }

  opening(recorder: TraceRecorder | null): void {
    this.#opening = recorder;
  }

  opened(stream: StreamContext, recorder: TraceRecorder): void {
    this.#opening = null;
    this.#requests.set(stream, recorder);
  }

  #of(stream: StreamContext | null): TraceRecorder | null {
    return (stream === null ? undefined : this.#requests.get(stream)) ?? this.#opening;
  }

  call(trace: CallTrace): void {
    this.#of(trace.context.stream)?.call(trace);
  }

  callback(trace: CallbackTrace): void {
    this.#of(trace.context.stream)?.callback(this.#plugin, trace);
  }

  ended(stream: StreamContext): void {
    this.#requests.delete(stream);
  }
}
