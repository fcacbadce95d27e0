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

/** Values of lines without labels, by name: `a.b: 1` of /stats, `a_b{} 1` of /stats/prometheus. */
function valuesOf({ shown }: Played): ReadonlyMap<string, number> {
  const pairs = shown.flatMap((line) => {
    const [, name, value] = /^([^\s{]+)(?:: |\{\} )(\d+)$/.exec(line) ?? [];
    return name === undefined ? [] : [[name, Number(value)] as const];
  });
  return new Map(pairs);
}

/** The same value on both pages, or none; how often a histogram was told only Prometheus' page says. */
function said(row: ToldRow, played: Played): number | undefined {
  const values = valuesOf(played);
  const name = toldName(row);
  const sample = prometheusName(name);
  const count = values.get(`${sample}_count`);
  if (count !== undefined) return count;
  const value = values.get(`${CUSTOM}${name}`);
  return value === values.get(sample) ? value : undefined;
}

async function one(lab: EnvoyLab, row: ToldRow): Promise<Detail> {
  const { name, role, times, ask } = row;
  const asks = [{ times, ...ask }];
  const options = { targets: [CLUSTER], show: METRIC_PREFIX.slice(0, -1) };
  const before = await lab.unhardened(name, asks, options);
  const policy = lab.policy(role, tellingPolicy(row));
  const { played, refused } = await lab.hardened(name, policy, asks, options);
  if (played === null) throw new Error(refusal(refused).text);
  const shown = played.shown.filter((line) => !line.includes("_bucket{"));
  return toldDetail(row, before.shown, said(row, played), { shown });
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
