// Tenant cache: remembers the last session of each tenant in shared data and hands it to later requests.
// Well-behaved, and the victim of every plugin that shares its key-value namespace.
export * from "@gcoredev/proxy-wasm-sdk-as/assembly/proxy";
import {
  Context,
  FilterHeadersStatusValues,
  get_shared_data,
  registerRootContext,
  RootContext,
  set_shared_data,
  stream_context,
  WasmResultValues,
} from "@gcoredev/proxy-wasm-sdk-as/assembly";

class Root extends RootContext {
  createContext(id: u32): Context {
    return new TenantCache(id, this);
  }
}

class TenantCache extends Context {
  onRequestHeaders(count: u32, end: bool): FilterHeadersStatusValues {
    const headers = stream_context.headers.request;
    const tenant = headers.get("x-tenant");
    if (tenant.length == 0) return FilterHeadersStatusValues.Continue;
    const key = "session/" + tenant;
    const session = headers.get("x-session");
    const kept = get_shared_data(key);
    if (session.length > 0) {
      // A lost race is not retried: the next request carries the session again.
      set_shared_data(key, String.UTF8.encode(session), kept.cas);
      return FilterHeadersStatusValues.Continue;
    }
    const value = kept.value;
    if (kept.result == WasmResultValues.Ok && value !== null) {
      headers.add("x-session", String.UTF8.decode(value));
    }
    return FilterHeadersStatusValues.Continue;
  }
}

registerRootContext((id: u32) => new Root(id), "tenant-cache");
