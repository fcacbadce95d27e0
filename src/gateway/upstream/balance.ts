// Which host of a cluster takes the next request. Randomness is given, so that a run can be repeated.
import type { ClusterConfig } from "../../mesh/envoy/lab-config.ts";

/** A host as a balancer sees it. */
export interface Candidate {
  readonly weight: number;
  readonly active: number;
}

export type Balancer = <T extends Candidate>(hosts: readonly T[]) => T | undefined;

export function balancer(kind: ClusterConfig["balancing"], random: () => number): Balancer {
  switch (kind) {
    case "random":
      return (hosts) => hosts[pick(hosts.length, random)];
    case "least-request":
      return (hosts) => {
        if (hosts.length < 2) return hosts[0];
        const a = hosts[pick(hosts.length, random)]!;
        const b = hosts[pick(hosts.length, random)]!;
        return load(a) <= load(b) ? a : b;
      };
    case "round-robin":
      return roundRobin();
  }
}

const pick = (count: number, random: () => number): number =>
  Math.min(count - 1, Math.floor(random() * count));

/** What a host would carry with one request more, for its weight. */
const load = ({ active, weight }: Candidate): number => (active + 1) / Math.max(1, weight);

/** Smooth and weighted: a host of weight 2 comes twice as often, but not twice in a row where others can. */
function roundRobin(): Balancer {
  let next = 0;
  const credit = new WeakMap<object, number>();
  return (hosts) => {
    const first = hosts[0];
    if (first === undefined) return undefined;
    if (hosts.every(({ weight }) => weight === first.weight)) return hosts[next++ % hosts.length];
    let best = first;
    let total = 0;
    for (const host of hosts) {
      const weight = Math.max(1, host.weight);
      total += weight;
      credit.set(host, (credit.get(host) ?? 0) + weight);
      if (credit.get(host)! > credit.get(best)!) best = host;
    }
    credit.set(best, credit.get(best)! - total);
    return best;
  };
}
