// The metrics that plugins define. A name and a type make one metric of a namespace, so that no tenant reads or writes
// another one's; in stock semantics one of everybody, as in the reference host. Each definition gives an id of its
// own, whose low two bits are the type.
import { METRIC, METRIC_ID_STEP, STATUS } from "../spec/status.ts";
import { caps } from "./caps.ts";
import { mayHave } from "./fair.ts";

export interface Metric {
  readonly name: string;
  readonly type: number;
  /** Counter or gauge value, 64 bits; of a histogram the number of recorded values. */
  readonly value: bigint;
  /** Of a histogram: the sum of recorded values. */
  readonly sum: bigint;
  /** Counter and gauge: adds, modulo 2^64. */
  add(delta: bigint): void;
  set(value: bigint): void;
  /** Histogram: one value. */
  observe(value: bigint): void;
}

/** Where metrics are kept: by one thread here, by all threads of a process in shared/metrics.ts. */
export interface MetricBook {
  /**
   * `namespace` is whose it is, and who a new one counts against; `everybody`: it is the same whoever defines it.
   * Null where the namespace, or all together, have too many.
   */
  declare(namespace: string, type: number, name: string, everybody?: boolean): Metric | null;
  /** Of all namespaces: several may have one name. */
  all(): readonly Metric[];
  /** The sum of the metrics of a name, for reports and tests; undefined where there is none. */
  value(name: string): bigint | undefined;
}

const mask = METRIC_ID_STEP - 1;
const U64 = 64;

class LocalMetric implements Metric {
  readonly name: string;
  readonly type: number;
  value = 0n;
  sum = 0n;

  constructor(name: string, type: number) {
    this.name = name;
    this.type = type;
  }

  add(delta: bigint): void {
    this.value = BigInt.asUintN(U64, this.value + delta);
  }

  set(value: bigint): void {
    this.value = BigInt.asUintN(U64, value);
  }

  observe(value: bigint): void {
    this.value += 1n;
    this.sum = BigInt.asUintN(U64, this.sum + BigInt.asUintN(U64, value));
  }
}

/** What a metric is known by; `namespace` null for one of everybody. */
export function metricKey(namespace: string | null, type: number, name: string): string {
  return `${namespace === null ? "" : `${namespace.length} ${namespace}`}\0${type} ${name}`;
}

/** The sum of values over the namespaces; undefined where none has the name. */
export function sumOf(metrics: readonly Metric[], name: string): bigint | undefined {
  const found = metrics.filter((metric) => metric.name === name);
  return found.length === 0 ? undefined : found.reduce((sum, { value }) => sum + value, 0n);
}

export class MetricStore implements MetricBook {
  readonly #byName = new Map<string, Metric>();
  /** How many each namespace has made. */
  readonly #made = new Map<string, number>();

  declare(namespace: string, type: number, name: string, everybody = false): Metric | null {
    const key = metricKey(everybody ? null : namespace, type, name);
    const known = this.#byName.get(key);
    if (known !== undefined) return known;
    const made = (this.#made.get(namespace) ?? 0) + 1;
    const all = this.#byName.size + 1;
    if (all > caps.metrics || !mayHave(made, all, caps.metrics)) return null;
    this.#made.set(namespace, made);
    const metric = new LocalMetric(name, type);
    this.#byName.set(key, metric);
    return metric;
  }

  all(): readonly Metric[] {
    return [...this.#byName.values()];
  }

  value(name: string): bigint | undefined {
    return sumOf(this.all(), name);
  }
}

/** The ids that one VM has been given. */
export class MetricIds {
  readonly #ids = new Map<number, Metric>();
  readonly #store: MetricBook;
  readonly #namespace: string;
  readonly #everybody: boolean;
  readonly #last = [METRIC.counter, METRIC.gauge, METRIC.histogram] as number[];

  /** `everybody`: a metric is one of all namespaces. */
  constructor(store: MetricBook, namespace: string, everybody: boolean) {
    this.#store = store;
    this.#namespace = namespace;
    this.#everybody = everybody;
  }

  /** A negative number is a status, negated: bad type or too many. */
  define(type: number, name: string): number {
    const last = this.#last[type];
    if (last === undefined) return -STATUS.badArgument;
    if (this.#ids.size >= caps.metrics) return -STATUS.internalFailure;
    const metric = this.#store.declare(this.#namespace, type, name, this.#everybody);
    if (metric === null) return -STATUS.internalFailure;
    const id = last + METRIC_ID_STEP;
    this.#last[type] = id;
    this.#ids.set(id, metric);
    return id;
  }

  increment(id: number, delta: bigint): number {
    const type = id & mask;
    if (type > METRIC.gauge) return STATUS.badArgument;
    const metric = this.#ids.get(id);
    if (metric === undefined) return STATUS.notFound;
    if (type === METRIC.counter && delta <= 0n) return STATUS.badArgument;
    metric.add(delta);
    return STATUS.ok;
  }

  record(id: number, value: bigint): number {
    const metric = this.#ids.get(id);
    if (metric === undefined) return STATUS.notFound;
    if (metric.type === METRIC.gauge) metric.set(value);
    else if (metric.type === METRIC.counter) metric.add(BigInt.asUintN(U64, value));
    else metric.observe(value);
    return STATUS.ok;
  }

  /** The metric of an id, or the status that says why there is none to read. */
  read(id: number): Metric | number {
    if ((id & mask) > METRIC.gauge) return STATUS.badArgument;
    return this.#ids.get(id) ?? STATUS.notFound;
  }
}
