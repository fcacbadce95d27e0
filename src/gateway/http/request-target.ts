// What stands between a method and the version of an HTTP/1 request, as pseudo-headers. The invariant: what
// is passed on has one authority and a path that begins with `/` (or is `*` for OPTIONS).

export interface Target {
  readonly authority: string;
  readonly path: string;
}

const authority = /^[A-Za-z0-9\-._~!$&'()*+,;=:[\]%]*$/;
const absolute = /^https?:\/\/([^/?#]*)([^#]*)$/i;

/** The target of a request; null where it can't be one. `host` is what the Host header says, "" for none. */
export function targetOf(method: string, target: string, host: string): Target | null {
  if (target.charCodeAt(0) === 0x2f) {
    if (target.includes("#") || !authority.test(host)) return null;
    return { authority: host, path: target };
  }
  if (target === "*") {
    return method === "OPTIONS" && authority.test(host) ? { authority: host, path: "*" } : null;
  }
  const parts = absolute.exec(target);
  if (parts === null) return null;
  const name = parts[1]!;
  if (name === "" || !authority.test(name)) return null;
  const rest = parts[2]!;
  return { authority: name, path: rest.startsWith("/") ? rest : `/${rest}` };
}
