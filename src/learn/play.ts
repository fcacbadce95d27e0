// Plays recorded traffic to one plugin, request by request, and says what each became. Fixed clock and randomness:
// the same module and traffic give the same every time, so that two policies can be compared. Ticks fall due
// between requests, at most one a request, and once more at the end.
import { answerCall, answerDns, answerGrpc, failCall } from "../host/answer.ts";
import { ManualClock, SeededRandom } from "../host/clock.ts";
import type { OutgoingCall } from "../host/effects.ts";
import { HeaderMap } from "../host/header-map.ts";
import { loadPlugin } from "../host/load.ts";
import type { Plugin } from "../host/plugin.ts";
import { createServices } from "../host/services.ts";
import type { StreamContext } from "../host/stream-context.ts";
import type { Tracer } from "../host/tracer.ts";
import { sha256 } from "../util/digest.ts";
import type { Reply, TrafficRequest } from "./traffic.ts";

/** Traps after which nothing more is played: each may have burnt a whole budget. */
const MAX_TRAPS = 3;
/** Calls that are answered for one request: a plugin may ask again for ever. */
const MAX_ANSWERS = 1_000;

export interface PlayOptions {
  readonly name: string;
  readonly rootId: string;
  readonly configuration?: string;
  readonly tracer?: Tracer;
  readonly clusters?: readonly string[];
  readonly progress?: (done: number) => void;
}

export interface PlayedRequest {
  /** What the client got; 0 for nothing. */
  readonly status: number;
  /** sha256 over all that can be seen from outside: what was passed on, answered, asked of services, logged. */
  readonly digest: string;
}

export interface Played {
  /** Why the plugin did not come up; null where it did. */
  readonly notStarted: string | null;
  readonly requests: readonly PlayedRequest[];
  /** In the order in which they happened. */
  readonly traps: readonly string[];
  /** Functions that were denied, by the module's own record. */
  readonly denied: readonly string[];
  /** sha256 of everything logged and asked outside of requests. */
  readonly rest: string;
}

const OK: Reply = { status: 200, headers: [], body: new Uint8Array(0) };

/** The outside of one plugin: what it sees of the world, and what the world sees of it. */
class Stage {
  readonly clock = new ManualClock();
  readonly plugin: Plugin;
  readonly traps: string[] = [];
  readonly #calls: unknown[] = [];
  #logged = 0;

  constructor(bytes: Uint8Array, { progress: _, ...options }: PlayOptions) {
    const services = createServices({ clock: this.clock, random: new SeededRandom(1) });
    this.plugin = loadPlugin(bytes, { ...options, services, failure: "reload" });
    this.plugin.observer = {
      call: (call) => this.#calls.push(shown(call)),
      trap: ({ callback, reason }) => this.traps.push(`${callback} (${reason})`),
    };
    for (const { callback, reason } of this.plugin.traps)
      this.traps.push(`${callback} (${reason})`);
  }

  /** Answers every open call, and those that follow from the answers. */
  answer(calls: TrafficRequest["calls"]): void {
    const { plugin } = this;
    for (let i = 0; i < MAX_ANSWERS; i++) {
      const open = [...plugin.calls.values()].find(({ kind }) => kind !== "grpc-stream");
      if (open === undefined) return;
      answerOne(plugin, open, calls);
    }
  }

  /** A stream that the plugin left open ends with the request. */
  endStreams(): void {
    for (const { token, kind } of [...this.plugin.calls.values()]) {
      if (kind === "grpc-stream") answerGrpc(this.plugin, token, { status: 0 });
    }
  }

  /** What was asked and logged since the last time. */
  take(): unknown {
    const { log } = this.plugin.services;
    const lines = log.lines(this.#logged).map(({ level, text }) => [level, text]);
    this.#logged = log.total;
    return [this.#calls.splice(0), lines];
  }
}

function answerOne(plugin: Plugin, call: OutgoingCall, calls: TrafficRequest["calls"]): void {
  const { token } = call;
  if (call.kind === "dns") answerDns(plugin, token, []);
  else if (call.kind !== "http") answerGrpc(plugin, token, { messages: [""], status: 0 });
  else {
    const reply = calls.has(call.cluster) ? calls.get(call.cluster)! : OK;
    if (reply === null) failCall(plugin, token, "no answer in the traffic");
    else {
      const headers = [[":status", String(reply.status)] as const, ...reply.headers];
      answerCall(plugin, token, { headers, body: reply.body });
    }
  }
}

function shown(call: OutgoingCall): unknown {
  if (call.kind === "dns") return [call.kind, call.name];
  if (call.kind !== "http") return [call.kind, call.service, call.methodName, call.metadata];
  return [call.kind, call.cluster, call.headers, sha256(call.body), call.trailers];
}

function feed(half: StreamContext["request"], headers: HeaderMap, body: Uint8Array | null): void {
  half.onHeaders(headers, body === null || body.length === 0);
  if (body !== null && body.length > 0) half.onBody(body, true);
}

function outcome(half: StreamContext["request"]): unknown {
  const { headers, body, trailers } = half.out;
  return [headers?.pairs() ?? null, sha256(body.view()), trailers?.pairs() ?? null];
}

function playOne(stage: Stage, request: TrafficRequest): PlayedRequest {
  const { plugin } = stage;
  const admission = plugin.open();
  if (admission.as !== "stream") return { status: 503, digest: admission.as };
  const { stream } = admission;
  feed(stream.request, HeaderMap.from(request.headers), request.body);
  stage.answer(request.calls);
  const { status, headers, body } = request.response;
  const passed = stream.local === null && !stream.reset && !stream.request.paused;
  const sent = passed ? outcome(stream.request) : null;
  if (passed) {
    feed(stream.response, HeaderMap.from([[":status", String(status)], ...headers]), body);
    stage.answer(request.calls);
  }
  stage.endStreams();
  const silent = stream.reset || stream.request.paused || stream.response.paused;
  const got = stream.response.out.headers?.get(":status");
  const seen = [silent, sent, outcome(stream.response), stream.skipped];
  stream.finish();
  plugin.poll();
  stage.answer(request.calls);
  return {
    status: silent && stream.local === null ? 0 : Number(got ?? 0),
    digest: sha256(JSON.stringify([seen, stage.take()])),
  };
}

/** Plays all requests, or up to the third trap. Throws a Failure where the module can't be loaded. */
export function play(
  bytes: Uint8Array,
  requests: readonly TrafficRequest[],
  options: PlayOptions,
): Played {
  const stage = new Stage(bytes, options);
  const { plugin } = stage;
  const played: PlayedRequest[] = [];
  const rest: unknown[] = [stage.take()];
  stage.answer(new Map());
  const notStarted =
    plugin.state.at === "running"
      ? null
      : plugin.state.at === "refused"
        ? `${plugin.state.callback} answered false`
        : `${plugin.trap?.callback ?? "start"} trapped (${plugin.trap?.reason ?? "host"})`;
  if (notStarted === null) {
    for (const request of requests) {
      if (stage.traps.length >= MAX_TRAPS) break;
      stage.clock.advance(request.after);
      plugin.poll();
      rest.push(stage.take());
      played.push(playOne(stage, request));
      options.progress?.(played.length);
    }
    stage.clock.advance(Math.max(1, plugin.root.tickPeriod));
    plugin.poll();
    stage.answer(new Map());
    rest.push(stage.take());
  }
  const denied = plugin.deniedByModule();
  return {
    notStarted,
    requests: played,
    traps: stage.traps,
    denied,
    rest: sha256(JSON.stringify(rest)),
  };
}
