// Plays a script in the embedded host, step by step, and says what was seen. Fixed clock and randomness: two
// plays of one script see the same, times aside. May never return: watch.ts runs it where that does no harm.
import { Failure } from "../errors/failure.ts";
import { ManualClock, SeededRandom } from "../host/clock.ts";
import type { OutgoingCall } from "../host/effects.ts";
import type { CallbackStats } from "../host/entries.ts";
import { HeaderMap } from "../host/header-map.ts";
import { loadPlugin } from "../host/load.ts";
import type { Plugin } from "../host/plugin.ts";
import { type RequestResult, runRequest } from "../host/request.ts";
import { createServices } from "../host/services.ts";
import type { StreamContext } from "../host/stream-context.ts";
import type { Trap } from "../host/trap.ts";
import { callback } from "../spec/callbacks.ts";
import { METRIC_PREFIX } from "../spec/telemetry.ts";
import type {
  CrowdSeen,
  CrowdStep,
  LoadSeen,
  LoadStep,
  PluginSeen,
  RequestSeen,
  RequestStep,
  Seen,
  SeenTrap,
  Step,
} from "./script.ts";

/** Log lines that a report keeps of one step. */
const LINES = 20;

const seenTraps = (traps: readonly Trap[]): SeenTrap[] =>
  traps.map(({ reason, callback }) => ({ reason, callback }));

function target(call: OutgoingCall): string {
  if (call.kind === "http") return call.cluster;
  return call.kind === "dns" ? call.name : call.service;
}

/** Whether a callback runs on the callback budget, not on the one for starting. */
function inRequests({ name }: CallbackStats): boolean {
  return callback(name)?.kind === "callback";
}

function pluginSeen(plugin: Plugin): PluginSeen {
  const { telemetry } = plugin;
  const callbacks = [...telemetry.callbacks.values()];
  return {
    pages: plugin.memoryPages,
    denied: [...new Set([...telemetry.denied.keys(), ...plugin.deniedByModule()])].sort(),
    failClosed: telemetry.failClosed,
    failOpen: telemetry.failOpen,
    fuelMost: Math.max(0, ...callbacks.filter(inRequests).map((one) => one.fuelMost)),
    callbacks: callbacks.reduce((sum, one) => sum + one.calls, 0),
    metrics: Object.fromEntries(
      plugin.services.metrics
        .all()
        .filter(({ name }) => name.startsWith(METRIC_PREFIX))
        .map(({ name, value }) => [name, Number(value)]),
    ),
    unslotted: plugin.unslotted,
  };
}

/** Plays with its plugins and their shared services; one player for one script. */
export class Player {
  readonly #clock = new ManualClock();
  readonly #services = createServices({ clock: this.#clock, random: new SeededRandom(1) });
  readonly #plugins = new Map<string, Plugin>();

  play(step: Step): Seen {
    if (step.do === "load") return this.#load(step);
    const plugin = this.#plugins.get(step.plugin);
    if (plugin === undefined)
      throw new Error(`the script asks ${step.plugin}, which it has not loaded`);
    if (step.do === "request") return this.#request(step, plugin);
    if (step.do === "crowd") return crowd(step, plugin);
    const before = plugin.traps.length;
    for (let i = 0; i < (step.times ?? 1); i++) {
      this.#clock.advance(step.advance);
      plugin.poll();
    }
    return { do: "tick", traps: seenTraps(plugin.traps.slice(before)), after: pluginSeen(plugin) };
  }

  #load(step: LoadStep): LoadSeen {
    const { do: _, plugin: name, bytes, ...options } = step;
    try {
      const plugin = loadPlugin(bytes, {
        name,
        rootId: name,
        services: this.#services,
        ...options,
      });
      this.#plugins.set(name, plugin);
      return { do: "load", refused: null, state: plugin.state.at, traps: seenTraps(plugin.traps) };
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      const refused = { code: error.code, message: error.message };
      return { do: "load", refused, state: "refused", traps: [] };
    }
  }

  #request(step: RequestStep, plugin: Plugin): RequestSeen {
    const started = performance.now();
    const calls: RequestSeen["calls"][number][] = [];
    const traps: SeenTrap[] = [];
    const before = this.#services.log.total;
    let passed = 0;
    let result: RequestResult;
    do {
      result = runRequest(plugin, {
        headers: [
          [":method", step.body === undefined ? "GET" : "POST"],
          [":scheme", "https"],
          [":authority", "service.test"],
          [":path", step.path ?? "/"],
          ...(step.headers ?? []),
        ],
        ...(step.body === undefined ? {} : { body: step.body }),
        ...(step.answer === undefined
          ? {}
          : { answer: () => ({ headers: [[":status", String(step.answer)]] }) }),
      });
      calls.push(...result.calls.map((call) => ({ kind: call.kind, to: target(call) })));
      traps.push(...seenTraps(result.traps));
      if (result.upstream !== null) passed++;
    } while (result.upstream !== null && passed < (step.times ?? 1));
    return {
      do: "request",
      outcome: result.outcome,
      status: result.status,
      skipped: result.skipped,
      upstream: result.upstream?.headers ?? null,
      response: result.headers,
      calls,
      traps,
      logs: result.logs.slice(0, LINES).map((line) => line.text),
      logged: this.#services.log.total - before,
      passed,
      ms: performance.now() - started,
      after: pluginSeen(plugin),
    };
  }
}

/** All streams at once, the first of them answered last. */
function crowd(step: CrowdStep, plugin: Plugin): CrowdSeen {
  const before = plugin.traps.length;
  const streams: (StreamContext | null)[] = [];
  for (let i = 0; i < step.streams; i++) {
    const admission = plugin.open();
    const stream = admission.as === "stream" ? admission.stream : null;
    streams.push(stream);
    const own = i === 0 ? (step.hostile ?? []) : [];
    const headers = [[":method", "GET"], [":path", "/"], [":authority", "service.test"], ...own];
    stream?.request.onHeaders(HeaderMap.from(headers as [string, string][]), true);
  }
  const answered = (stream: StreamContext | null): number => {
    if (stream === null) return 503;
    if (stream.local === null && !stream.reset && !stream.request.paused) {
      stream.response.onHeaders(HeaderMap.from([[":status", "200"]]), true);
    }
    const status = Number(stream.response.out.headers?.get(":status") ?? 0);
    stream.finish();
    return status;
  };
  const [first, ...others] = streams;
  const statuses = others.map(answered);
  const last = answered(first ?? null);
  plugin.poll();
  const innocent = step.hostile === undefined ? [...statuses, last] : statuses;
  return {
    do: "crowd",
    failed: innocent.filter((status) => status !== 200).length,
    hostile: step.hostile === undefined ? null : last,
    traps: seenTraps(plugin.traps.slice(before)),
    after: pluginSeen(plugin),
  };
}
