// Memory leak: keeps 256 KiB and the path of every request for ever, as a forgotten cache does.
// Nothing in one request is suspicious; the worker is out of memory after some thousands of them.
export * from "@gcoredev/proxy-wasm-sdk-as/assembly/proxy";
import {
  Context,
  FilterHeadersStatusValues,
  registerRootContext,
  RootContext,
  stream_context,
} from "@gcoredev/proxy-wasm-sdk-as/assembly";

class Kept {
  constructor(
    public path: string,
    public bytes: Uint8Array,
  ) {}
}

const kept: Kept[] = [];

class Root extends RootContext {
  createContext(id: u32): Context {
    return new Leak(id, this);
  }
}

class Leak extends Context {
  onRequestHeaders(count: u32, end: bool): FilterHeadersStatusValues {
    const bytes = new Uint8Array(256 * 1024);
    bytes.fill(1);
    kept.push(new Kept(stream_context.headers.request.get(":path"), bytes));
    return FilterHeadersStatusValues.Continue;
  }
}

registerRootContext((id: u32) => new Root(id), "memory-leak");
