// What the connections of one listener are counted into: Envoy's counters of the listener and of its codec.
import type { ListenerConfig } from "../../mesh/envoy/lab-config.ts";
import { getOrMake } from "../../util/get-or-make.ts";
import type { Cell, StatCells } from "../stats/cells.ts";
import type { ListenEvents } from "./seams.ts";

/** Nobody counts: what comes has been counted by the thread that accepted it. */
export const UNCOUNTED: ListenEvents = {
  connection: () => {},
  connectionEnd: () => {},
  codec: () => {},
};

/** `place` names a listener that has no name. */
export function listenerEvents(
  stats: StatCells,
  { name, chain }: ListenerConfig,
  place: number,
): ListenEvents {
  const labels = { listener: name || String(place) };
  const prefix = chain.statPrefix;
  const total = stats.cell("listenerCxTotal", labels);
  const active = stats.cell("listenerCxActive", labels);
  const codec = new Map<string, Cell>();
  const make = (counter: string): Cell => stats.cell("codec", { prefix, counter });
  return {
    connection: () => {
      total.add(1);
      active.add(1);
    },
    connectionEnd: () => active.add(-1),
    codec: (counter, by) => getOrMake(codec, counter, make).add(by),
  };
}
