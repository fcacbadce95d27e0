// Routes by prefix and path.
import type { HeaderMap } from "../../host/header-map.ts";
import type { HttpChain, Route, VirtualHost } from "../../mesh/envoy/lab-config.ts";
import type { Matched, Onward, Router, RouterSink } from "../chain/seams.ts";
import type { Upstreams } from "../http/exchange.ts";

const NOBODY: Onward = {
  data: () => true,
  trailers: () => {},
  reset: () => {},
  pauseReading: () => {},
  resumeReading: () => {},
};

export function simpleRouter(chain: HttpChain, upstreams: Upstreams): Router {
  const fits = ({ match: { path } }: Route, target: string): boolean => {
    const at = target.split("?", 1)[0]!;
    if (path.kind === "regex") return false;
    return path.kind === "path" ? at === path.value : at.startsWith(path.value);
  };
  const hostOf = (authority: string): VirtualHost | undefined =>
    chain.virtualHosts.find((one) => one.domains.includes(authority)) ??
    chain.virtualHosts.find((one) => one.domains.includes("*"));
  return {
    match(headers): Matched | null {
      const virtualHost = hostOf((headers.get(":authority") ?? "").toLowerCase());
      const route = virtualHost?.routes.find((one) => fits(one, headers.get(":path") ?? ""));
      if (virtualHost === undefined || route === undefined) return null;
      const { action } = route;
      return {
        virtualHost,
        route,
        cluster: action.kind === "forward" ? (action.clusters[0] ?? null) : null,
      };
    },
    send(matched: Matched, headers: HeaderMap, end: boolean, sink: RouterSink): Onward {
      const { action } = matched.route;
      if (action.kind !== "forward") {
        const status = action.status;
        const body = action.kind === "direct" ? Buffer.from(action.body) : Buffer.alloc(0);
        sink.answer({ status, details: "direct_response", headers: [], body, flags: "" });
        return NOBODY;
      }
      const call = upstreams.open(matched.cluster!.name, headers, end, sink);
      return {
        data: (bytes, last) => call.sendData(bytes, last),
        trailers: (trailers) => call.sendTrailers(trailers),
        reset: () => call.reset(),
        pauseReading: () => call.pauseReading(),
        resumeReading: () => call.resumeReading(),
      };
    },
  };
}
