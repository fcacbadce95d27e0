// Adds one header to the request, as little as the AssemblyScript SDK can do.
export * from "@gcoredev/proxy-wasm-sdk-as/assembly/proxy";

import {
  Context,
  FilterHeadersStatusValues,
  RootContext,
  registerRootContext,
  stream_context,
} from "@gcoredev/proxy-wasm-sdk-as/assembly";

class Root extends RootContext {
  createContext(id: u32): Context {
    return new Adder(id, this);
  }
}

class Adder extends Context {
  onRequestHeaders(_count: u32, _end: bool): FilterHeadersStatusValues {
    stream_context.headers.request.add("x-tenant", "payments");
    return FilterHeadersStatusValues.Continue;
  }
}

registerRootContext((id: u32) => new Root(id), "add-header");
