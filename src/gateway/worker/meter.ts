// What the steps of one plugin cost in one thread: into the statistics, the heartbeat, and the bucket that decides
// whether the plugin may stay in this thread.
import type { Meter } from "../chain/seams.ts";
import { type Phase, type Step, stepName } from "../chain/steps.ts";
import type { Cell, Histogram, StatCells } from "../stats/cells.ts";
import type { Pulse } from "./pulse.ts";
import { blamedFor, DECENT_SHARE, DECENT_STEP, EXPENSIVE_STEP, Share } from "./share.ts";

export interface MeterParts {
  readonly plugin: string;
  /** Place of the plugin in the configuration. */
  readonly place: number;
  readonly stats: StatCells;
  readonly pulse: Pulse;
  readonly now: () => number;
  /** The module counts fuel. */
  readonly metered: boolean;
  /** The plugin has shown itself expensive; null in a cell, where it may be. */
  readonly expensive: ((why: string) => void) | null;
}

interface PhaseStats {
  readonly time: Histogram;
  readonly fuel: Histogram;
}

const TOO_MUCH = "its costly steps take more than their share";

export class PluginMeter implements Meter {
  readonly #parts: MeterParts;
  readonly #phases: PhaseStats[] = [];
  readonly #requestFuel: Histogram;
  readonly #overBudget: Cell;
  readonly #share = new Share(DECENT_SHARE, DECENT_STEP);
  /** Milliseconds of short steps that trapped, not yet in the bucket. */
  #fell = 0;

  constructor(parts: MeterParts) {
    this.#parts = parts;
    const { stats, plugin } = parts;
    this.#requestFuel = stats.histogram("fuelRequest", { plugin });
    this.#overBudget = stats.cell("overBudget", { plugin });
  }

  #phase(phase: Phase): PhaseStats {
    let known = this.#phases[phase];
    if (known === undefined) {
      const { stats, plugin } = this.#parts;
      known = {
        time: stats.histogram("latency", { plugin, phase: stepName(phase) }),
        fuel: stats.histogram("fuelCallback", { plugin, phase: stepName(phase) }),
      };
      this.#phases[phase] = known;
    }
    return known;
  }

  begin(step: Step): void {
    this.#parts.pulse.enter(this.#parts.place, step);
  }

  end(): void {
    this.#parts.pulse.leave();
  }

  step(phase: Phase, time: number, fuel: number, trapped: boolean): void {
    this.#parts.pulse.leave();
    const known = this.#phase(phase);
    known.time.record(time * 1000);
    if (fuel > 0) known.fuel.record(fuel);
    this.took(time, fuel, trapped);
  }

  /** Time that the plugin took outside of a request's steps as well. */
  took(time: number, fuel: number, trapped: boolean): void {
    const { expensive, now, metered } = this.#parts;
    if (expensive === null) return;
    if (time < DECENT_STEP) {
      if (trapped) this.#fell += time;
      return;
    }
    const blamed = blamedFor({ time, fuel, metered, trapped });
    if (blamed < DECENT_STEP) return;
    const at = now();
    this.#share.spend(blamed, at);
    if (blamed > EXPENSIVE_STEP) expensive(`one step took ${time.toFixed(1)} ms`);
    else if (this.#share.debt(at) > 0) expensive(TOO_MUCH);
  }

  /**
   * An instance that trapped was replaced, in so many milliseconds. This and the step that trapped count however
   * short they are: no decent request costs a fresh instance.
   */
  revived(time: number): void {
    const { expensive, now } = this.#parts;
    if (expensive === null) return;
    const at = now();
    this.#share.spendAll(time + this.#fell, at);
    this.#fell = 0;
    if (this.#share.debt(at) > 0) expensive(TOO_MUCH);
  }

  /** Monotonic milliseconds. */
  now(): number {
    return this.#parts.now();
  }

  request(fuel: number): void {
    if (fuel > 0) this.#requestFuel.record(fuel);
  }

  overBudget(): void {
    this.#overBudget.add(1);
  }

  /** Milliseconds in the bucket. */
  recent(): number {
    return this.#share.level(this.#parts.now());
  }
}
