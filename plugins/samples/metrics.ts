// Metrics: counts requests and refused responses, and keeps a histogram of the request's duration.
// Configuration: a prefix for the names of the metrics; without one it is "sample".
export * from "@gcoredev/proxy-wasm-sdk-as/assembly/proxy";
import {
  Context,
  Counter,
  FilterHeadersStatusValues,
  get_current_time_nanoseconds,
  Histogram,
  registerRootContext,
  RootContext,
  stream_context,
} from "@gcoredev/proxy-wasm-sdk-as/assembly";

class Root extends RootContext {
  requests: Counter | null = null;
  errors: Counter | null = null;
  duration: Histogram | null = null;

  onConfigure(size: u32): bool {
    if (!super.onConfigure(size)) return false;
    const text = this.getConfiguration().trim();
    const prefix = text.length == 0 ? "sample" : text;
    this.requests = new Counter(prefix + "_requests_total");
    this.errors = new Counter(prefix + "_errors_total");
    this.duration = new Histogram(prefix + "_duration_ms");
    return true;
  }

  createContext(id: u32): Context {
    return new Metrics(id, this);
  }
}

class Metrics extends Context {
  started: u64 = 0;

  onRequestHeaders(count: u32, end: bool): FilterHeadersStatusValues {
    this.started = get_current_time_nanoseconds();
    const requests = changetype<Root>(this.root_context).requests;
    if (requests !== null) requests.increment(1);
    return FilterHeadersStatusValues.Continue;
  }

  onResponseHeaders(count: u32, end: bool): FilterHeadersStatusValues {
    const errors = changetype<Root>(this.root_context).errors;
    if (errors !== null && stream_context.headers.response.get(":status") >= "400") {
      errors.increment(1);
    }
    return FilterHeadersStatusValues.Continue;
  }

  onLog(): void {
    const duration = changetype<Root>(this.root_context).duration;
    if (duration === null || this.started == 0) return;
    const elapsed = get_current_time_nanoseconds() - this.started;
    duration.record(duration.metric_id, elapsed / 1_000_000);
  }
}

registerRootContext((id: u32) => new Root(id), "metrics");
