// How names are told apart in the reference proxy's header maps: some have one line for each message, to which more
// values are joined, and `host` of a request is another name of `:authority`. Knows maps by the ABI's numbers.
import {
  joinedInRequests,
  joinedInResponses,
  joinedInTrailers,
  LEGACY_HOST,
} from "../spec/joined-headers.ts";
import { MAP } from "../spec/status.ts";
import { HeaderMap, type Pair } from "./header-map.ts";

const joined: Readonly<Record<number, ReadonlySet<string>>> = {
  [MAP.httpRequestHeaders]: joinedInRequests,
  [MAP.httpResponseHeaders]: joinedInResponses,
  [MAP.httpResponseTrailers]: joinedInTrailers,
};

/** The name under which a map of that number keeps what a guest calls so. */
export function nameIn(type: number, name: string): string {
  const isHost =
    type === MAP.httpRequestHeaders &&
    name.length === LEGACY_HOST.length &&
    name.toLowerCase() === LEGACY_HOST;
  return isHost ? ":authority" : name;
}

/** Adds a header as the reference proxy would to its map of that number; false as for `HeaderMap.add`. */
export function addTo(map: HeaderMap, type: number, name: string, value: string): boolean {
  return joined[type]?.has(name.toLowerCase()) === true
    ? map.join(name, value)
    : map.add(name, value);
}

/** The pairs of a request of a plugin's own, names in lower case; what can't be a header stays as it is. */
export function requestPairs(pairs: readonly Pair[]): readonly Pair[] {
  const map = new HeaderMap();
  for (const [name, value] of pairs) {
    const type = MAP.httpRequestHeaders;
    if (!addTo(map, type, nameIn(type, name), value)) return pairs;
  }
  return map.pairs();
}
