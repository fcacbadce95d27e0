// Spans to a collector, by OTLP over HTTP with JSON. Only where an endpoint was configured; what can't be sent is
// dropped and counted: tracing never holds a request up.

import type { Span } from "../chain/spans.ts";
import { httpPost } from "./http-post.ts";

/** Spans that wait; beyond, they are dropped. */
const WAITING = 10_000;
/** How often they are sent, in milliseconds. */
const EVERY = 1000;
/** How long a collector may take, in milliseconds; at the end nobody waits for it that long. */
const PATIENCE = 5000;
const LAST = 1000;

const KIND_SERVER = 2;
const ERROR = 2;

interface Value {
  readonly stringValue?: string;
  readonly intValue?: string;
}

const attribute = ([key, value]: readonly [string, string | number]): {
  key: string;
  value: Value;
} => ({
  key,
  value:
    typeof value === "number" ? { intValue: String(Math.round(value)) } : { stringValue: value },
});

const nanoseconds = (milliseconds: number): string =>
  String(BigInt(Math.round(milliseconds * 1000)) * 1000n);

/** The body of an export request. */
export function otlpJson(spans: readonly Span[], service: string, version: string): string {
  const scopeSpans = [
    {
      scope: { name: "glovebox", version },
      spans: spans.map((span) => ({
        traceId: span.traceId,
        spanId: span.spanId,
        ...(span.parentId !== "" && { parentSpanId: span.parentId }),
        name: span.name,
        kind: KIND_SERVER,
        startTimeUnixNano: nanoseconds(span.start),
        endTimeUnixNano: nanoseconds(span.end),
        attributes: Object.entries(span.attributes).map(attribute),
        status: span.status >= 500 || span.status === 0 ? { code: ERROR } : {},
      })),
    },
  ];
  const resource = { attributes: [attribute(["service.name", service])] };
  return JSON.stringify({ resourceSpans: [{ resource, scopeSpans }] });
}

export interface OtlpOptions {
  /** The whole URL, `…/v1/traces`. */
  readonly endpoint: string;
  readonly service: string;
  readonly version: string;
  readonly say: (text: string) => void;
}

export class OtlpExporter {
  readonly #options: OtlpOptions;
  #spans: Span[] = [];
  #timer: NodeJS.Timeout | null = null;
  #sending = false;
  #dropped = 0;
  #failed = false;

  constructor(options: OtlpOptions) {
    this.#options = options;
  }

  add(spans: readonly Span[]): void {
    for (const span of spans) {
      if (this.#spans.length < WAITING) this.#spans.push(span);
      else this.#dropped++;
    }
    this.#timer ??= setTimeout(() => void this.#send(PATIENCE), EVERY);
  }

  /** Sends what waits, for the last time: a collector that is slow is given up. */
  async flush(): Promise<void> {
    await this.#send(LAST);
  }

  async #send(within: number): Promise<void> {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    if (this.#sending || this.#spans.length === 0) return;
    const spans = this.#spans;
    this.#spans = [];
    this.#sending = true;
    const { endpoint, service, version, say } = this.#options;
    try {
      await httpPost(endpoint, otlpJson(spans, service, version), within);
      if (this.#failed) say(`spans are taken again; ${this.#dropped} were dropped so far`);
      this.#failed = false;
    } catch (error) {
      this.#dropped += spans.length;
      // Once, not every second.
      if (!this.#failed)
        say(`spans can't be sent: ${error instanceof Error ? error.message : String(error)}`);
      this.#failed = true;
    }
    this.#sending = false;
    if (this.#spans.length > 0) this.#timer ??= setTimeout(() => void this.#send(PATIENCE), EVERY);
  }

  get dropped(): number {
    return this.#dropped;
  }
}
