// Header maps and node:http2's headers. The invariant: what HTTP/2 forbids (connection headers, names that are no
// tokens) is left out, so that node:http2 has no reason to throw.
import type { OutgoingHttpHeaders } from "node:http2";
import { HeaderMap } from "../../host/header-map.ts";
import { mayPassHop } from "./h1-headers.ts";

/** The map of a raw list of names and values; `joined` are those of which a message has one line. */
export function fromH2(raw: readonly string[], joined: ReadonlySet<string> = NONE): HeaderMap {
  const list: string[] = [];
  const seen = new Set<string>();
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i]!;
    if (name.charCodeAt(0) === 0x3a) {
      if (seen.has(name)) continue;
      seen.add(name);
    } else if (!mayPassHop(name)) continue;
    // HTTP/2 may send cookies in crumbs; everything else wants them in one line.
    if (name === "cookie" && seen.has(name)) {
      const at = list.indexOf(name) + 1;
      list[at] = `${list[at]}; ${raw[i + 1]!}`;
      continue;
    }
    if (name === "cookie") seen.add(name);
    else if (joined.has(name)) {
      const at = list.indexOf(name);
      if (at >= 0) {
        list[at + 1] += `,${raw[i + 1]!}`;
        continue;
      }
    }
    list.push(name, raw[i + 1]!);
  }
  return new HeaderMap(list);
}

const NONE: ReadonlySet<string> = new Set();

/** Pseudo-headers that a message may have; any other that a plugin has set is left out, as HTTP/1 does. */
const pseudo = {
  request: /^:(method|scheme|authority|path)$/,
  response: /^:status$/,
  trailers: /^$/,
} as const;

/** node:http2's object of a map. Repeated headers become lists, cookies stay apart. */
export function toH2(headers: HeaderMap, of: keyof typeof pseudo): OutgoingHttpHeaders {
  const out: Record<string, string | string[]> = Object.create(null) as Record<string, string>;
  for (let i = 0; i < headers.size; i++) {
    const name = headers.nameAt(i);
    if (name.charCodeAt(0) === 0x3a ? !pseudo[of].test(name) : !mayPassHop(name)) continue;
    const value = headers.valueAt(i);
    if (name === "te" && value !== "trailers") continue;
    const there = out[name];
    if (there === undefined) out[name] = value;
    else if (single.test(name)) continue;
    else if (Array.isArray(there)) there.push(value);
    else out[name] = [there, value];
  }
  return out;
}

/** Headers of which node:http2 takes one only. */
const single =
  /^(:.*|access-control-(allow-credentials|max-age|request-method)|age|authorization|content-(encoding|language|length|location|md5|range|type)|date|dnt|etag|expires|from|host|if-(match|modified-since|none-match|range|unmodified-since)|last-modified|location|max-forwards|proxy-authorization|range|referer|retry-after|tk|upgrade-insecure-requests|user-agent|x-content-type-options)$/;
