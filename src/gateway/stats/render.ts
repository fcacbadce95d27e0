// Statistics as text: Envoy's lines (`name: value`), its JSON, and the Prometheus format. Where a name is
// printed in several spellings, each has a line of its own in the first two; Prometheus has one.
import type { Labels } from "./cells.ts";
import { type HistogramSample, type Sample, statName } from "./merge.ts";

export type Keep = (name: string) => boolean;

interface Line {
  readonly name: string;
  readonly sample: Sample;
}

function linesOf(samples: readonly Sample[], keep: Keep): Line[] {
  return samples
    .flatMap((sample) =>
      sample.row.names.map((one) => ({ name: statName(one, sample.labels), sample })),
    )
    .filter(({ name }) => keep(name))
    .sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
}

/** The value below which a share of the recorded values lies, as far as the buckets tell; NaN without any. */
export function quantile({ bounds, buckets }: HistogramSample, share: number): number {
  const total = buckets.reduce((sum, one) => sum + one, 0);
  if (total === 0) return Number.NaN;
  let below = 0;
  for (const [i, count] of buckets.entries()) {
    if (below + count >= total * share && count > 0) {
      const from = i === 0 ? 0 : bounds[i - 1]!;
      const to = bounds[i] ?? from;
      return from + ((total * share - below) / count) * (to - from);
    }
    below += count;
  }
  return bounds.at(-1)!;
}

const quantiles = [0, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.999, 1] as const;

function histogramText(histogram: HistogramSample): string {
  return quantiles
    .map((share) => {
      const value = quantile(histogram, share);
      return `P${share * 100}(${Number.isNaN(value) ? "nan" : value.toPrecision(4)})`;
    })
    .join(" ");
}

/** Envoy's plain text: a line a name. */
export function statsText(samples: readonly Sample[], keep: Keep): string {
  return linesOf(samples, keep)
    .map(({ name, sample: { value, histogram } }) => {
      return `${name}: ${histogram === null ? value : histogramText(histogram)}\n`;
    })
    .join("");
}

/** Envoy's JSON: a list of names and values, histograms with their quantiles. */
export function statsJson(samples: readonly Sample[], keep: Keep): string {
  const list = linesOf(samples, keep).map(({ name, sample: { value, histogram } }) => {
    if (histogram === null) return { name, value };
    const computed = quantiles.map((share) => {
      const at = quantile(histogram, share);
      return { quantile: share * 100, value: Number.isNaN(at) ? null : at };
    });
    return { name, histogram: { count: value, sum: histogram.sum, quantiles: computed } };
  });
  return `${JSON.stringify({ stats: list }, null, 1)}\n`;
}

function labelText(labels: Readonly<Record<string, string>>): string {
  const list = Object.entries(labels).map(([name, value]) => {
    const escaped = value.replace(/\\/g, "\\\\").replace(/"/g, '\\"').replace(/\n/g, "\\n");
    return `${name}="${escaped}"`;
  });
  return list.length === 0 ? "" : `{${list.join(",")}}`;
}

const metricName = (name: string): string =>
  name.replace(/[^A-Za-z0-9_:]/g, "_").replace(/^(?=\d)/, "_");

function prometheusLabels(given: Readonly<Record<string, string>>, labels: Labels): Labels {
  return Object.fromEntries(Object.entries(given).map(([key, name]) => [name, labels[key] ?? ""]));
}

/** Prometheus text format 0.0.4. */
export function statsPrometheus(samples: readonly Sample[], keep: Keep): string {
  const families = new Map<string, { type: string; doc: string; lines: string[] }>();
  for (const { row, labels, value, histogram } of samples) {
    if (!row.names.some((one) => keep(statName(one, labels)))) continue;
    const name = metricName(statName(row.prometheus, labels));
    const given = prometheusLabels(row.labels, labels);
    let family = families.get(name);
    if (family === undefined) {
      family = { type: row.kind, doc: row.doc, lines: [] };
      families.set(name, family);
    }
    if (histogram === null) {
      family.lines.push(`${name}${labelText(given)} ${value}`);
      continue;
    }
    let below = 0;
    for (const [i, count] of histogram.buckets.entries()) {
      below += count;
      const le = histogram.bounds[i] === undefined ? "+Inf" : String(histogram.bounds[i]);
      family.lines.push(`${name}_bucket${labelText({ ...given, le })} ${below}`);
    }
    family.lines.push(`${name}_sum${labelText(given)} ${histogram.sum}`);
    family.lines.push(`${name}_count${labelText(given)} ${value}`);
  }
  return [...families]
    .map(([name, { type, doc, lines }]) => {
      return `# HELP ${name} ${doc}\n# TYPE ${name} ${type}\n${lines.join("\n")}\n`;
    })
    .join("");
}
