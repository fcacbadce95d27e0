// Makes the plugins of one thread: each with its meter, its way to call out, its tracer and its place to start. One
// that turns out to be too expensive for this thread is told to the control thread, once.

import type { HostServices } from "../../host/services.ts";
import type { Upstreams } from "../http/exchange.ts";
import type { Prepared } from "../plugins/prepare.ts";
import type { StatCells } from "../stats/cells.ts";
import { tcpPlugins } from "../tcp/staying.ts";
import { dialerOf } from "./dialer.ts";
import type { Diversion } from "./diversion.ts";
import type { ThreadLog } from "./logs.ts";
import type { FromThread, ThreadStart, Version } from "./messages.ts";
import { PluginMeter } from "./meter.ts";
import type { Pulse } from "./pulse.ts";
import type { Recording } from "./recording.ts";
import { ServedPlugin } from "./served-plugin.ts";

export interface PluginMakerParts {
  readonly cell: ThreadStart["cell"];
  readonly stats: StatCells;
  readonly pulse: Pulse;
  readonly services: HostServices;
  readonly recording: Recording | null;
  readonly diversion: Diversion;
  readonly log: ThreadLog;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  readonly send: (message: FromThread) => void;
  /** A plugin's timers may be due sooner than was thought. */
  readonly due: () => void;
  /** Where a plugin that was made with these clusters calls out now. */
  readonly upstreams: (own: Upstreams) => Upstreams;
  /** The version in use; null before the first. */
  readonly version: () => Version | null;
  /** Plugins that live elsewhere, by name. */
  readonly cells: () => Version["cells"];
}

export class PluginMaker {
  readonly #parts: PluginMakerParts;
  readonly #expensive = new Set<string>();

  constructor(parts: PluginMakerParts) {
    this.#parts = parts;
  }

  /** `upstreams` are those of the version that it is made for. */
  make(prepared: Prepared, upstreams: Upstreams): ServedPlugin {
    const { cell, stats, pulse, services, recording, now, due } = this.#parts;
    const { name } = prepared.config;
    const meter = new PluginMeter({
      plugin: name,
      place: prepared.place,
      stats,
      pulse,
      now,
      metered: prepared.module !== null && prepared.module.hardened !== "no",
      expensive: cell === null ? (why) => this.#tooExpensive(name, why) : null,
    });
    let served: ServedPlugin | null = null;
    const around = (tell: () => void): void => {
      // While it is made, a call may fail at once.
      if (served === null) tell();
      else served.around(tell, now);
      due();
    };
    const dialer = dialerOf(() => this.#parts.upstreams(upstreams), around);
    const { rules } = prepared;
    const allowed = rules.clusters === null ? {} : { clusters: rules.clusters };
    const tracer = recording?.recorder(prepared, () => served?.gone === true) ?? null;
    const traced = tracer === null ? {} : { tracer };
    served = new ServedPlugin({
      prepared,
      options: { services, dialer, ...allowed, ...traced },
      meter,
      stats,
      due,
      starts: this.#startOf(name),
    });
    return served;
  }

  /** A cell begins with its own plugin; others only where a request brings them along. */
  #startOf(plugin: string): "now" | "later" | "elsewhere" {
    const { cell, cells } = this.#parts;
    if (cell !== null) return cell.plugin === plugin ? "now" : "later";
    return Object.hasOwn(cells(), plugin) ? "elsewhere" : "now";
  }

  /** A plugin has no cell any more: it may have one again. */
  forget(plugin: string): void {
    this.#expensive.delete(plugin);
  }

  #tooExpensive(plugin: string, why: string): void {
    if (this.#expensive.has(plugin)) return;
    this.#expensive.add(plugin);
    const { version, log, diversion, send } = this.#parts;
    const now = version();
    if (now !== null && tcpPlugins(now.config).has(plugin)) {
      const stays = "it filters TCP connections, so it stays in this thread";
      log.say("warning", `the plugin ${plugin} is expensive (${why}); ${stays}`);
      return;
    }
    diversion.expect(plugin);
    send({ kind: "expensive", plugin, why });
  }
}
