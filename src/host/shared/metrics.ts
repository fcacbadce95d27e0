// Metrics for all threads of a process: a name and a type are one pair of 64-bit numbers, changed by atomic
// additions without the lock. Metrics are never given back; each counts against the namespace that made it first.
//
//   metric: tag | next | type | name length | value (8 bytes) | sum (8 bytes) | name …
import { caps } from "../caps.ts";
import type { Metric, MetricBook } from "../metrics.ts";
import { type SharedRegion, TABLE, WORD } from "./region.ts";
import { Spaces } from "./spaces.ts";

const METRIC = 32;

class RegionMetric implements Metric {
  readonly name: string;
  readonly type: number;
  readonly #numbers: BigUint64Array;
  readonly #at: number;

  constructor(name: string, type: number, numbers: BigUint64Array, address: number) {
    this.name = name;
    this.type = type;
    this.#numbers = numbers;
    this.#at = (address >>> 3) + 2;
  }

  get value(): bigint {
    return Atomics.load(this.#numbers, this.#at);
  }

  get sum(): bigint {
    return Atomics.load(this.#numbers, this.#at + 1);
  }

  add(delta: bigint): void {
    Atomics.add(this.#numbers, this.#at, BigInt.asUintN(64, delta));
  }

  set(value: bigint): void {
    Atomics.store(this.#numbers, this.#at, BigInt.asUintN(64, value));
  }

  observe(value: bigint): void {
    Atomics.add(this.#numbers, this.#at, 1n);
    Atomics.add(this.#numbers, this.#at + 1, BigInt.asUintN(64, value));
  }
}

export class RegionMetrics implements MetricBook {
  readonly #region: SharedRegion;
  readonly #spaces: Spaces;
  /** What this thread has met. */
  readonly #known = new Map<string, RegionMetric>();

  constructor(region: SharedRegion) {
    this.#region = region;
    this.#spaces = new Spaces(region);
  }

  declare(namespace: string, type: number, name: string): Metric | null {
    const key = `${type} ${name}`;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const owner = Buffer.from(namespace, "utf8");
    const bytes = Buffer.from(name, "utf8");
    const at = this.#region.locked(0, () => this.#find(owner, type, bytes));
    return at === 0 ? null : this.#meet(key, name, type, at);
  }

  /** The record of a metric, made where there is none; 0 where there are too many. */
  #find(owner: Uint8Array, type: number, name: Uint8Array): number {
    const region = this.#region;
    const { words } = region;
    const slot = WORD.metricTable + (region.hash(type, name) % TABLE.metrics);
    for (let at = words[slot]!; at !== 0; at = words[(at >>> 2) + 1]!) {
      const word = at >>> 2;
      const same = words[word + 2] === type && words[word + 3] === name.length;
      if (same && region.holds(at + METRIC, name)) return at;
    }
    const at = this.#take(owner, METRIC + name.length);
    if (at === 0) return 0;
    const word = at >>> 2;
    words[word + 1] = words[slot]!;
    words[word + 2] = type;
    words[word + 3] = name.length;
    words.fill(0, word + 4, word + 8);
    region.bytes.set(name, at + METRIC);
    words[slot] = at;
    return at;
  }

  #take(owner: Uint8Array, size: number): number {
    const spaces = this.#spaces;
    const space = spaces.at(owner, true);
    if (space === 0 || !spaces.count(space, "metrics", caps.metrics)) return 0;
    const at = spaces.take(space, size);
    if (at === 0) spaces.discount(space, "metrics");
    return at;
  }

  #meet(key: string, name: string, type: number, at: number): RegionMetric {
    let metric = this.#known.get(key);
    if (metric === undefined) {
      metric = new RegionMetric(name, type, this.#region.numbers, at);
      this.#known.set(key, metric);
    }
    return metric;
  }

  all(): readonly Metric[] {
    const region = this.#region;
    const { words } = region;
    const found = region.locked<[string, number, number][]>([], () => {
      const list: [string, number, number][] = [];
      for (let slot = 0; slot < TABLE.metrics; slot++) {
        for (let at = words[WORD.metricTable + slot]!; at !== 0; at = words[(at >>> 2) + 1]!) {
          const word = at >>> 2;
          const name = Buffer.from(region.copy(at + METRIC, words[word + 3]!)).toString("utf8");
          list.push([name, words[word + 2]!, at]);
        }
      }
      return list;
    });
    return found.map(([name, type, at]) => this.#meet(`${type} ${name}`, name, type, at));
  }

  value(name: string): bigint | undefined {
    return this.all().find((metric) => metric.name === name)?.value;
  }
}
