// What a stock Envoy's own statistics tell of a plugin: nothing of one as it is, and of a hardened one what its
// module tells, under `wasmcustom.` in /stats, without that prefix in /stats/prometheus.

import { prometheusName } from "../../../spec/plugin-metrics.ts";
import { METRIC_PREFIX } from "../../../spec/telemetry.ts";
import type { Detail } from "../../case.ts";
import {
  CLUSTER,
  telemetry as inLab,
  type ToldRow,
  tellingPolicy,
  toldCells,
  toldDetail,
  toldName,
  toldRows,
} from "../../cases/telemetry.ts";
import { refusal } from "../../words.ts";
import type { EnvoyCase } from "../envoy-case.ts";
import type { EnvoyLab } from "../envoy-lab.ts";
import type { Played } from "../scene.ts";
import { CUSTOM } from "../words.ts";

const own = ({ stats, samples }: Played): readonly string[] => [
  ...Object.keys(stats.after).filter((name) => name.startsWith(CUSTOM)),
  ...Object.keys(samples).filter((name) => name.startsWith(prometheusName(METRIC_PREFIX))),
];

/** The same value on both pages, or none; how often a histogram was told only Prometheus' page says. */
function said(row: ToldRow, { stats, samples }: Played): number | undefined {
  const name = toldName(row);
  const sample = prometheusName(name);
  const count = samples[`${sample}_count`];
  if (count !== undefined) return count;
  const value = stats.after[`${CUSTOM}${name}`];
  return value === samples[sample] ? value : undefined;
}

async function one(lab: EnvoyLab, row: ToldRow): Promise<Detail> {
  const { name, role, times, ask } = row;
  const asks = [{ times, ...ask }];
  const options = { targets: [CLUSTER], samples: true };
  const before = await lab.unhardened(name, asks, options);
  const policy = lab.policy(role, tellingPolicy(row));
  const { played, refused } = await lab.hardened(name, policy, asks, options);
  if (played === null) throw new Error(refusal(refused).text);
  return toldDetail(row, own(before), said(row, played), { stats: played.stats.after });
}

export const telemetry: EnvoyCase = {
  id: inLab.id,
  measurement:
    "names under wasmcustom. in /stats and their samples in /stats/prometheus after a known number of requests, denied calls, calls, refused growths and spent budgets; held when there are none by default and the hardened module has counted each of them",
  plugins: inLab.plugins,
  async measure(lab) {
    return toldCells(await Promise.all(toldRows.map((row) => one(lab, row))));
  },
};
