// Counters and gauges in Prometheus' text format. Labels are ours, never a client's words: their number is bounded.
import { type ServeMetric, serveMetrics } from "../spec/serve.ts";

type Labels = Readonly<Record<string, string>>;

const escaped = (text: string): string =>
  text.replace(/[\\"\n]/g, (one) => (one === "\n" ? "\\n" : `\\${one}`));

function labelText(labels: Labels): string {
  const parts = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value)}"`);
  return parts.length === 0 ? "" : `{${parts.join(",")}}`;
}

export class Metrics {
  readonly #values = new Map<ServeMetric, Map<string, number>>();

  /** A series by its labels as text, made once where it is counted often. */
  static labels(labels: Labels): string {
    return labelText(labels);
  }

  add(metric: ServeMetric, labels: string, by = 1): void {
    const series = this.#series(metric);
    series.set(labels, (series.get(labels) ?? 0) + by);
  }

  set(metric: ServeMetric, labels: Labels, value: number): void {
    this.#series(metric).set(labelText(labels), value);
  }

  /** Forgets the series of a metric whose labels say what no longer is. */
  clear(metric: ServeMetric): void {
    this.#values.delete(metric);
  }

  #series(metric: ServeMetric): Map<string, number> {
    let series = this.#values.get(metric);
    if (series === undefined) this.#values.set(metric, (series = new Map()));
    return series;
  }

  /** The page; `now` has the gauges that are read off when it is asked for. */
  text(now: { readonly [M in ServeMetric]?: number }): string {
    const names = Object.keys(serveMetrics) as ServeMetric[];
    return names
      .map((metric) => {
        const { name, type, help } = serveMetrics[metric];
        const read = now[metric];
        const series = read === undefined ? this.#series(metric) : new Map([["", read]]);
        const lines = [...series].map(([labels, value]) => `${name}${labels} ${value}\n`);
        return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join("")}`;
      })
      .join("");
  }
}
