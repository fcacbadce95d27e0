// Auth: lets a request through when `authorization` holds a token of the configuration, else 401.
// Configuration: lines `subject = token`. Without a configuration nobody gets in: it fails closed.
export * from "@gcoredev/proxy-wasm-sdk-as/assembly/proxy";
import {
  Context,
  FilterHeadersStatusValues,
  makeHeaderPair,
  registerRootContext,
  RootContext,
  send_http_response,
  stream_context,
} from "@gcoredev/proxy-wasm-sdk-as/assembly";

class Credential {
  constructor(
    public subject: string,
    public token: string,
  ) {}
}

class Root extends RootContext {
  credentials: Credential[] = [];

  onConfigure(size: u32): bool {
    this.credentials = [];
    if (!super.onConfigure(size)) return false;
    if (size == 0) return true;
    const lines = this.getConfiguration().split("\n");
    for (let i = 0; i < lines.length; i++) {
      const line = lines[i].trim();
      if (line.length == 0 || line.startsWith("#")) continue;
      const at = line.indexOf("=");
      const subject = at < 0 ? "" : line.substring(0, at).trim();
      const token = at < 0 ? "" : line.substring(at + 1).trim();
      // An empty token would let everybody in: such a configuration is refused as a whole.
      if (subject.length == 0 || token.length == 0) return false;
      this.credentials.push(new Credential(subject, token));
    }
    return true;
  }

  /** The subject of a token, or null. Looks at every credential, whichever matches. */
  subjectOf(token: string): string | null {
    let found: string | null = null;
    for (let i = 0; i < this.credentials.length; i++) {
      if (sameText(token, this.credentials[i].token)) found = this.credentials[i].subject;
    }
    return found;
  }

  createContext(id: u32): Context {
    return new Auth(id, this);
  }
}

/** Compares without stopping at the first difference, so that time tells nothing about the token. */
function sameText(a: string, b: string): bool {
  let difference = a.length ^ b.length;
  for (let i = 0; i < a.length; i++) {
    difference |= a.charCodeAt(i) ^ b.charCodeAt(i % b.length);
  }
  return difference == 0;
}

class Auth extends Context {
  onRequestHeaders(count: u32, end: bool): FilterHeadersStatusValues {
    const headers = stream_context.headers.request;
    const value = headers.get("authorization");
    const token = value.startsWith("Bearer ") ? value.substring(7).trim() : "";
    let subject: string | null = null;
    if (token.length > 0) subject = changetype<Root>(this.root_context).subjectOf(token);
    if (subject === null) {
      send_http_response(401, "auth_denied", String.UTF8.encode("unauthorized\n"), [
        makeHeaderPair("www-authenticate", "Bearer"),
        makeHeaderPair("content-type", "text/plain"),
      ]);
      return FilterHeadersStatusValues.StopIteration;
    }
    headers.remove("x-user");
    headers.add("x-user", subject);
    return FilterHeadersStatusValues.Continue;
  }
}

registerRootContext((id: u32) => new Root(id), "auth");
