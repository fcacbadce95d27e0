// External auth: asks a service about each request; goes on after a 200, answers 403 after anything else.
// Configuration: {"allowed_dispatch_clusters": ["external-auth-cluster"]}; the first cluster is asked,
// and without one every request is answered 403.
export * from "@gcoredev/proxy-wasm-sdk-as/assembly/proxy";
import {
  BaseContext,
  Context,
  FilterHeadersStatusValues,
  HeaderPair,
  makeHeaderPair,
  registerRootContext,
  RootContext,
  send_http_response,
  stream_context,
  WasmResultValues,
} from "@gcoredev/proxy-wasm-sdk-as/assembly";

const TIMEOUT_MS: u32 = 500;

class Root extends RootContext {
  cluster: string = "";

  onConfigure(size: u32): bool {
    this.cluster = "";
    if (!super.onConfigure(size)) return false;
    if (size > 0) this.cluster = firstOfList(this.getConfiguration(), "allowed_dispatch_clusters");
    return true;
  }

  createContext(id: u32): Context {
    return new ExternalAuth(id, this);
  }
}

/** The first string of the list named `key` in a JSON text; empty where there is none. */
function firstOfList(json: string, key: string): string {
  const at = json.indexOf('"' + key + '"');
  if (at < 0) return "";
  const open = json.indexOf("[", at);
  const close = json.indexOf("]", at);
  if (open < 0 || close < open) return "";
  const start = json.indexOf('"', open);
  if (start < 0 || start > close) return "";
  const end = json.indexOf('"', start + 1);
  return end < 0 || end > close ? "" : json.substring(start + 1, end);
}

function deny(detail: string): void {
  send_http_response(403, detail, String.UTF8.encode("forbidden\n"), []);
}

class ExternalAuth extends Context {
  onRequestHeaders(count: u32, end: bool): FilterHeadersStatusValues {
    const root = changetype<Root>(this.root_context);
    if (root.cluster.length == 0) {
      deny("no_cluster_configured");
      return FilterHeadersStatusValues.StopIteration;
    }
    const request = stream_context.headers.request;
    const ask: HeaderPair[] = [
      makeHeaderPair(":method", "GET"),
      makeHeaderPair(":path", "/check"),
      makeHeaderPair(":authority", root.cluster),
      makeHeaderPair("x-original-path", request.get(":path")),
    ];
    const credentials = request.get("authorization");
    if (credentials.length > 0) ask.push(makeHeaderPair("authorization", credentials));
    const result = root.httpCall(
      root.cluster,
      ask,
      new ArrayBuffer(0),
      [],
      TIMEOUT_MS,
      this,
      (origin: BaseContext, headers: u32, size: usize, trailers: u32): void => {
        // No headers means that the call failed or timed out.
        if (headers > 0 && stream_context.headers.http_callback.get(":status") == "200") {
          origin.continueRequest();
        } else {
          deny("external_auth_denied");
        }
      },
    );
    if (result != WasmResultValues.Ok) deny("external_auth_unreachable");
    return FilterHeadersStatusValues.StopIteration;
  }
}

registerRootContext((id: u32) => new Root(id), "external-auth");
