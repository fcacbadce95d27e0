// Metrics for all threads of a process: a namespace, a name and a type are one pair of 64-bit numbers, changed by
// atomic additions without the lock. Metrics are never given back; each counts against the namespace that made it.
//
//   metric: tag | next | type | name length | value (8 bytes) | sum (8 bytes) | namespace, 0: everybody's | name …
import { caps } from "../caps.ts";
import { type Metric, type MetricBook, metricKey, sumOf } from "../metrics.ts";
import { type SharedRegion, TABLE, WORD } from "./region.ts";
import { Spaces } from "./spaces.ts";

const METRIC = 36;
/** Place of the namespace's word. */
const OWNER = 8;

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
  /** The same by their addresses. */
  readonly #met = new Map<number, RegionMetric>();

  constructor(region: SharedRegion) {
    this.#region = region;
    this.#spaces = new Spaces(region);
  }

  declare(namespace: string, type: number, name: string, everybody = false): Metric | null {
    const key = metricKey(everybody ? null : namespace, type, name);
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const space = Buffer.from(namespace, "utf8");
    const bytes = Buffer.from(name, "utf8");
    const at = this.#region.locked(0, () => this.#find(space, everybody, type, bytes));
    if (at === 0) return null;
    const metric = this.#meet(name, type, at);
    this.#known.set(key, metric);
    return metric;
  }

  /** The record of a metric, made where there is none; 0 where there are too many. */
  #find(namespace: Uint8Array, everybody: boolean, type: number, name: Uint8Array): number {
    const region = this.#region;
    const { words } = region;
    const space = this.#spaces.at(namespace, true);
    if (space === 0) return 0;
    const owner = everybody ? 0 : space;
    const slot = WORD.metricTable + (region.hash(type, name) % TABLE.metrics);
    for (let at = words[slot]!; at !== 0; at = words[(at >>> 2) + 1]!) {
      const word = at >>> 2;
      const same =
        words[word + 2] === type &&
        words[word + 3] === name.length &&
        words[word + OWNER] === owner;
      if (same && region.holds(at + METRIC, name)) return at;
    }
    const at = this.#take(space, METRIC + name.length);
    if (at === 0) return 0;
    const word = at >>> 2;
    words[word + 1] = words[slot]!;
    words[word + 2] = type;
    words[word + 3] = name.length;
    words.fill(0, word + 4, word + OWNER);
    words[word + OWNER] = owner;
    region.bytes.set(name, at + METRIC);
    words[slot] = at;
    return at;
  }

  #take(space: number, size: number): number {
    const spaces = this.#spaces;
    if (!spaces.count(space, "metrics", caps.metrics)) return 0;
    const at = spaces.take(space, size);
    if (at === 0) spaces.discount(space, "metrics");
    return at;
  }

  #meet(name: string, type: number, at: number): RegionMetric {
    let metric = this.#met.get(at);
    if (metric === undefined) {
      metric = new RegionMetric(name, type, this.#region.numbers, at);
      this.#met.set(at, metric);
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
    return found.map(([name, type, at]) => this.#meet(name, type, at));
  }

  value(name: string): bigint | undefined {
    return sumOf(this.all(), name);
  }
}
