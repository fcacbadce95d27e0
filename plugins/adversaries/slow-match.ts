// Slow match: refuses paths that match a pattern, with a matcher that backtracks at every star.
// An honest mistake: `/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa` takes years, other paths take microseconds.
export * from "@gcoredev/proxy-wasm-sdk-as/assembly/proxy";
import {
  Context,
  FilterHeadersStatusValues,
  registerRootContext,
  RootContext,
  send_http_response,
  stream_context,
} from "@gcoredev/proxy-wasm-sdk-as/assembly";

const PATTERN = "/*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*b";

class Root extends RootContext {
  createContext(id: u32): Context {
    return new SlowMatch(id, this);
  }
}

function matches(text: string, at: i32, pattern: string, next: i32): bool {
  if (next == pattern.length) return at == text.length;
  if (pattern.charCodeAt(next) == 42) {
    for (let end = at; end <= text.length; end++) {
      if (matches(text, end, pattern, next + 1)) return true;
    }
    return false;
  }
  return (
    at < text.length &&
    text.charCodeAt(at) == pattern.charCodeAt(next) &&
    matches(text, at + 1, pattern, next + 1)
  );
}

class SlowMatch extends Context {
  onRequestHeaders(count: u32, end: bool): FilterHeadersStatusValues {
    const path = stream_context.headers.request.get(":path");
    if (!matches(path, 0, PATTERN, 0)) return FilterHeadersStatusValues.Continue;
    send_http_response(403, "path_refused", String.UTF8.encode("forbidden\n"), []);
    return FilterHeadersStatusValues.StopIteration;
  }
}

registerRootContext((id: u32) => new Root(id), "slow-match");
