// Body filter: waits for the whole request body and replaces a word in it.
// Configuration: `word = replacement`; without one "secret" becomes "[redacted]".
export * from "@gcoredev/proxy-wasm-sdk-as/assembly/proxy";
import {
  BufferTypeValues,
  Context,
  FilterDataStatusValues,
  FilterHeadersStatusValues,
  get_buffer_bytes,
  registerRootContext,
  RootContext,
  set_buffer_bytes,
  stream_context,
} from "@gcoredev/proxy-wasm-sdk-as/assembly";

class Root extends RootContext {
  word: string = "secret";
  replacement: string = "[redacted]";

  onConfigure(size: u32): bool {
    if (!super.onConfigure(size)) return false;
    const text = this.getConfiguration();
    if (text.trim().length == 0) return true;
    const at = text.indexOf("=");
    if (at < 0) return false;
    this.word = text.substring(0, at).trim();
    this.replacement = text.substring(at + 1).trim();
    return this.word.length > 0;
  }

  createContext(id: u32): Context {
    return new BodyFilter(id, this);
  }
}

class BodyFilter extends Context {
  onRequestHeaders(count: u32, end: bool): FilterHeadersStatusValues {
    // The length may change; without the header the proxy frames the body itself.
    if (!end) stream_context.headers.request.remove("content-length");
    return FilterHeadersStatusValues.Continue;
  }

  onRequestBody(size: usize, end: bool): FilterDataStatusValues {
    if (!end) return FilterDataStatusValues.StopIterationAndBuffer;
    const root = changetype<Root>(this.root_context);
    const body = get_buffer_bytes(BufferTypeValues.HttpRequestBody, 0, u32(size));
    const text = String.UTF8.decode(body);
    if (text.indexOf(root.word) >= 0) {
      const changed = text.replaceAll(root.word, root.replacement);
      set_buffer_bytes(
        BufferTypeValues.HttpRequestBody,
        0,
        u32(size),
        String.UTF8.encode(changed),
      );
    }
    return FilterDataStatusValues.Continue;
  }
}

registerRootContext((id: u32) => new Root(id), "body-filter");
