// What the plugins of one host share: shared data, queues, metrics, the log, time and randomness. One object,
// made by whoever runs the host, so that two hosts in one process share nothing unless they are given the same
// memory.
import { type Clock, type RandomSource, systemClock, systemRandom } from "./clock.ts";
import { LogRing } from "./log.ts";
import { type MetricBook, MetricStore } from "./metrics.ts";
import { RegionData } from "./shared/data.ts";
import { RegionMetrics } from "./shared/metrics.ts";
import { RegionQueues } from "./shared/queues.ts";
import { SharedRegion } from "./shared/region.ts";
import { type DataStore, SharedData } from "./shared-data.ts";
import { type QueueStore, SharedQueues } from "./shared-queues.ts";

export interface HostServices {
  readonly data: DataStore;
  readonly queues: QueueStore;
  readonly metrics: MetricBook;
  readonly log: LogRing;
  readonly clock: Clock;
  readonly random: RandomSource;
}

export interface ServiceOptions {
  readonly log?: LogRing;
  readonly clock?: Clock;
  readonly random?: RandomSource;
}

export interface SharedOptions extends ServiceOptions {
  /** From `SharedRegion.allocate`, the same for all threads. */
  readonly memory: SharedArrayBuffer;
  /** Something waits for a plugin of another thread: have all threads poll their plugins. */
  readonly notify: () => void;
}

/** Services whose shared data, queues and metrics are those of all threads with the same memory. */
export function sharedServices(options: SharedOptions): HostServices {
  const region = new SharedRegion(options.memory);
  return {
    ...createServices(options),
    data: new RegionData(region),
    queues: new RegionQueues(region, options.notify),
    metrics: new RegionMetrics(region),
  };
}

/** Fresh services; what is not given is the machine's. */
export function createServices(options: ServiceOptions = {}): HostServices {
  return {
    data: new SharedData(),
    queues: new SharedQueues(),
    metrics: new MetricStore(),
    log: options.log ?? new LogRing(),
    clock: options.clock ?? systemClock,
    random: options.random ?? systemRandom,
  };
}
