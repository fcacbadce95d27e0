// The metrics that plugins define. A name and a type make one metric, whoever defines it; each definition
// gives an id of its own, whose low two bits are the type, as in the reference host.
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
  /** `namespace` is who a new one counts against. Null where it, or everybody, has too many. */
  declare(namespace: string, type: number, name: string): Metric | null;
  all(): readonly Metric[];
  /** The value of a metric by name, for reports and tests. */
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

export class MetricStore implements MetricBook {
  readonly #byName = new Map<string, Metric>();
  /** How many each namespace has made. */
  readonly #made = new Map<string, number>();

  declare(namespace: string, type: number, name: string): Metric | null {
    const key = `${type} ${name}`;
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
    return this.all().find((metric) => metric.name === name)?.value;
  }
}

/** The ids that one VM has been given. */
export class MetricIds {
  readonly #ids = new Map<number, Metric>();
  readonly #store: MetricBook;
  readonly #namespace: string;
  readonly #last = [METRIC.counter, METRIC.gauge, METRIC.histogram] as number[];

  constructor(store: MetricBook, namespace: string) {
    this.#store = store;
    this.#namespace = namespace;
  }

  /** A negative number is a status, negated: bad type or too many. */
  define(type: number, name: string): number {
    const last = this.#last[type];
    if (last === undefined) return -STATUS.badArgument;
    if (this.#ids.size >= caps.metrics) return -STATUS.internalFailure;
    const metric = this.#store.declare(this.#namespace, type, name);
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
