// Header rewriter: names the tenant in `x-tenant`, takes `x-internal-debug` away, marks the response.
// Configuration: the tenant's name as plain text; without one the tenant is "default".
export * from "@gcoredev/proxy-wasm-sdk-as/assembly/proxy";
import {
  Context,
  FilterHeadersStatusValues,
  registerRootContext,
  RootContext,
  stream_context,
} from "@gcoredev/proxy-wasm-sdk-as/assembly";

class Root extends RootContext {
  tenant(): string {
    const text = this.getConfiguration().trim();
    return text.length == 0 ? "default" : text;
  }

  createContext(id: u32): Context {
    return new Rewriter(id, this);
  }
}

class Rewriter extends Context {
  onRequestHeaders(count: u32, end: bool): FilterHeadersStatusValues {
    const headers = stream_context.headers.request;
    // A client must not choose its own tenant: what it sent goes first.
    headers.remove("x-tenant");
    headers.remove("x-internal-debug");
    headers.add("x-tenant", changetype<Root>(this.root_context).tenant());
    return FilterHeadersStatusValues.Continue;
  }

  onResponseHeaders(count: u32, end: bool): FilterHeadersStatusValues {
    stream_context.headers.response.remove("server");
    stream_context.headers.response.add("x-rewritten-by", "header-rewriter");
    return FilterHeadersStatusValues.Continue;
  }
}

registerRootContext((id: u32) => new Root(id), "header-rewriter");
