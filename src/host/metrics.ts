// The metrics that plugins define. A name and a type make one metric, whoever defines it; each definition
// gives an id of its own, whose low two bits are the type, as in the reference host.
import { METRIC, METRIC_ID_STEP, STATUS } from "../spec/status.ts";
import { caps } from "./caps.ts";

export interface Metric {
  readonly name: string;
  readonly type: number;
  /** Counter or gauge value; of a histogram the number of recorded values. */
  value: bigint;
  /** Of a histogram: the sum of recorded values. */
  sum: bigint;
}

const mask = METRIC_ID_STEP - 1;
const U64 = 64;

export class MetricStore {
  readonly #byName = new Map<string, Metric>();

  /** Null where there are too many. */
  declare(type: number, name: string): Metric | null {
    const key = `${type} ${name}`;
    const known = this.#byName.get(key);
    if (known !== undefined) return known;
    if (this.#byName.size >= caps.metrics) return null;
    const metric: Metric = { name, type, value: 0n, sum: 0n };
    this.#byName.set(key, metric);
    return metric;
  }

  all(): readonly Metric[] {
    return [...this.#byName.values()];
  }

  /** The value of a metric by name, for reports and tests. */
  value(name: string): bigint | undefined {
    return this.all().find((metric) => metric.name === name)?.value;
  }
}

/** The ids that one VM has been given. */
export class MetricIds {
  readonly #ids = new Map<number, Metric>();
  readonly #store: MetricStore;
  readonly #last = [METRIC.counter, METRIC.gauge, METRIC.histogram] as number[];

  constructor(store: MetricStore) {
    this.#store = store;
  }

  /** A negative number is a status, negated: bad type or too many. */
  define(type: number, name: string): number {
    const last = this.#last[type];
    if (last === undefined) return -STATUS.badArgument;
    if (this.#ids.size >= caps.metrics) return -STATUS.internalFailure;
    const metric = this.#store.declare(type, name);
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
    metric.value = BigInt.asUintN(U64, metric.value + delta);
    return STATUS.ok;
  }

  record(id: number, value: bigint): number {
    const type = id & mask;
    if (type > METRIC.histogram) return STATUS.badArgument;
    const metric = this.#ids.get(id);
    if (metric === undefined) return STATUS.notFound;
    const number = BigInt.asUintN(U64, value);
    if (type === METRIC.gauge) metric.value = number;
    else if (type === METRIC.counter) metric.value = BigInt.asUintN(U64, metric.value + number);
    else {
      metric.value += 1n;
      metric.sum += number;
    }
    return STATUS.ok;
  }

  /** The metric of an id, or the status that says why there is none to read. */
  read(id: number): Metric | number {
    if ((id & mask) > METRIC.gauge) return STATUS.badArgument;
    return this.#ids.get(id) ?? STATUS.notFound;
  }
}
