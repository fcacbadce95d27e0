// What the plugins of one host share: shared data, queues, metrics, the log, time and randomness. One object,
// made by whoever runs the host, so that two hosts in one process share nothing.
import { type Clock, type RandomSource, systemClock, systemRandom } from "./clock.ts";
import { LogRing } from "./log.ts";
import { MetricStore } from "./metrics.ts";
import { SharedData } from "./shared-data.ts";
import { SharedQueues } from "./shared-queues.ts";

export interface HostServices {
  readonly data: SharedData;
  readonly queues: SharedQueues;
  readonly metrics: MetricStore;
  readonly log: LogRing;
  readonly clock: Clock;
  readonly random: RandomSource;
}

export interface ServiceOptions {
  readonly log?: LogRing;
  readonly clock?: Clock;
  readonly random?: RandomSource;
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
