// A host plugin's own counters as statistics: what has been added since the last time. Several plugins in a row
// (old and new version) may count into the same cells. Denials that only the module's own bits tell are also said
// in the log, once each, where the policy lets the module say nothing itself.
import { deniedLine } from "../../host/denied-line.ts";
import type { Plugin } from "../../host/plugin.ts";
import { hostFunctionNamed } from "../../spec/host-functions.ts";
import type { StatKey } from "../../spec/stats.ts";
import { LOG_LEVEL } from "../../spec/status.ts";
import type { Cell, StatCells } from "../stats/cells.ts";

export class PluginCounters {
  readonly #plugin: string;
  readonly #vm: string;
  readonly #stats: StatCells;
  /** What was published last, by statistic. */
  readonly #last = new Map<Cell, number>();
  /** Denied functions that were told; null where the module tells them itself. */
  readonly #told: Set<string> | null;
  #active = 0;
  #unslotted = 0;
  #instanceUnslotted = 0;

  /** `mute`: the plugin may not log. */
  constructor(plugin: string, vm: string, stats: StatCells, mute: boolean) {
    this.#told = mute ? new Set() : null;
    this.#plugin = plugin;
    this.#vm = vm;
    this.#stats = stats;
    // Counters that alerts are made for are there from the start.
    for (const key of ["executionFailures", "failOpen", "failClose", "requests"] as const) {
      stats.cell(key, { plugin });
    }
    stats.cell("dispatchCalls", { vm });
  }

  /** A request met a plugin that is not there. */
  refused(as: "skip" | "reject"): void {
    const plugin = this.#plugin;
    this.#stats.cell("requests", { plugin }).add(1);
    this.#stats.cell(as === "skip" ? "failOpen" : "failClose", { plugin }).add(1);
  }

  publish(plugin: Plugin): void {
    const { telemetry } = plugin;
    const name = this.#plugin;
    const sum = (map: ReadonlyMap<string, number>): number => {
      let total = 0;
      for (const value of map.values()) total += value;
      return total;
    };
    this.#count("requests", telemetry.requests);
    this.#count("executionFailures", sum(telemetry.traps));
    this.#count("failOpen", telemetry.failOpen);
    this.#count("failClose", telemetry.failClosed);
    this.#count("vmReload", telemetry.reloads);
    this.#count("vmReloadSuccess", telemetry.reloads - telemetry.reloadFailures);
    this.#count("vmReloadFailure", telemetry.reloadFailures);
    this.#count("vmReloadBackoff", telemetry.backoffs);
    this.#add(this.#stats.cell("wasmCreated"), 1 + telemetry.reloads);
    // The module's own number, which begins anew with each instance.
    const without = plugin.unslotted;
    this.#unslotted +=
      without < this.#instanceUnslotted ? without : without - this.#instanceUnslotted;
    this.#instanceUnslotted = without;
    this.#count("unslotted", this.#unslotted);
    for (const [reason, count] of telemetry.traps) {
      this.#add(this.#stats.cell("traps", { plugin: name, reason }), count);
    }
    for (const [called, count] of telemetry.denied) {
      this.#add(this.#stats.cell("denied", { plugin: name, function: called }), count);
    }
    this.#count("trapsAtEnd", telemetry.trapsAtEnd);
    for (const [called, instances] of plugin.deniedInstances()) {
      // The module keeps a bit, not a number: denied at least once in so many instances.
      if (!telemetry.denied.has(called)) {
        this.#add(this.#stats.cell("denied", { plugin: name, function: called }), instances);
        this.#tell(plugin, called);
      }
    }
    for (const [cluster, count] of telemetry.dispatches) {
      this.#add(this.#stats.cell("dispatches", { plugin: name, cluster }), count);
    }
    this.#add(this.#stats.cell("dispatchCalls", { vm: this.#vm }), sum(telemetry.dispatches));
    for (const { name: callback, calls, fuel } of telemetry.callbacks.values()) {
      this.#add(this.#stats.cell("calls", { plugin: name, callback }), calls);
      this.#add(this.#stats.cell("fuelTotal", { plugin: name, callback }), fuel);
    }
    this.#stats.cell("memoryPages", { vm: this.#vm }).set(plugin.memoryPages);
    this.#setActive(plugin.trap === null && !plugin.ended ? 1 : 0);
  }

  #tell({ services }: Plugin, called: string): void {
    if (this.#told === null || this.#told.has(called)) return;
    this.#told.add(called);
    const text = deniedLine(hostFunctionNamed(called)!);
    services.log.push({ level: LOG_LEVEL.error, text, plugin: this.#plugin });
  }

  /** The plugin has ended. */
  end(): void {
    this.#setActive(0);
  }

  #setActive(active: number): void {
    this.#stats.cell("wasmActive").add(active - this.#active);
    this.#active = active;
  }

  #count(key: StatKey, value: number): void {
    this.#add(this.#stats.cell(key, { plugin: this.#plugin }), value);
  }

  #add(cell: Cell, value: number): void {
    const last = this.#last.get(cell) ?? 0;
    if (value !== last) cell.add(value - last);
    this.#last.set(cell, value);
  }
}
