// RouteConfiguration → virtual hosts with their routes; what the route configuration itself says is folded into
// its virtual hosts.
import type { ForwardAction, Route, VirtualHost } from "../lab-config.ts";
import { joinEdits, readHeaderEdits } from "./header-edits.ts";
import type { Lab } from "./lab.ts";
import { type FilterNames, readPerFilter } from "./per-filter.ts";
import type { Picker } from "./picker.ts";
import { readDirect, readForward, readRedirect, readRetry } from "./route-action.ts";
import { readRouteMatch } from "./route-match.ts";

/** Envoy's default for the body of a direct response, in bytes. */
const MAX_BODY = 4_096;

interface Surroundings {
  readonly lab: Lab;
  readonly filters: FilterNames;
  readonly maxBody: number;
  readonly retry: ForwardAction["retry"];
}

function readAction(route: Picker, around: Surroundings): Route["action"] | undefined {
  const forward = route.child("route");
  if (forward !== undefined) return readForward(around.lab, forward, around.filters, around.retry);
  const redirect = route.child("redirect");
  if (redirect !== undefined) return readRedirect(redirect);
  const direct = route.child("direct_response");
  // The actions that are left are reported as fields that nobody read.
  return direct === undefined ? undefined : readDirect(around.lab, direct, around.maxBody);
}

function readRoute(route: Picker, around: Surroundings): Route[] {
  const matcher = route.child("match");
  const match = matcher === undefined ? undefined : readRouteMatch(matcher);
  const action = readAction(route, around);
  const rest = {
    name: route.text("name"),
    headers: readHeaderEdits(route),
    perFilter: readPerFilter(around.lab, route, around.filters),
    at: route.at,
  };
  return match === undefined || action === undefined ? [] : [{ ...rest, match, action }];
}

function readVirtualHost(host: Picker, around: Surroundings): VirtualHost {
  const tls = host.choice("require_tls");
  const retry = readRetry(host.child("retry_policy"));
  return {
    name: host.text("name"),
    domains: host.texts("domains").map((domain) => domain.toLowerCase()),
    routes: host.messages("routes").flatMap((route) => readRoute(route, { ...around, retry })),
    headers: readHeaderEdits(host),
    perFilter: readPerFilter(around.lab, host, around.filters),
    // From outside is every request, to a lab.
    requireTls: tls === "ALL" || tls === "EXTERNAL_ONLY",
  };
}

/** Envoy refuses two virtual hosts for one domain, and takes two of one name. */
function checkUnique(lab: Lab, hosts: readonly Picker[]): void {
  const names = new Set<string>();
  const domains = new Set<string>();
  for (const host of hosts) {
    const name = host.text("name");
    if (names.has(name)) {
      const args = { what: "virtual hosts", name };
      lab.report.add("envoy-duplicate-name", "warning", host.offset("name"), args);
    }
    names.add(name);
    for (const domain of host.texts("domains")) {
      const lower = domain.toLowerCase();
      if (domains.has(lower)) {
        lab.report.add("envoy-duplicate-domain", "error", host.offset("domains"), { domain });
      }
      domains.add(lower);
    }
  }
}

export function readVirtualHosts(
  lab: Lab,
  config: Picker,
  filters: FilterNames,
): readonly VirtualHost[] {
  const hosts = config.messages("virtual_hosts");
  checkUnique(lab, hosts);
  // Clusters are always looked up here.
  config.flag("validate_clusters");
  const maxBody = config.number("max_direct_response_body_size_bytes") ?? MAX_BODY;
  const headers = readHeaderEdits(config);
  const perFilter = readPerFilter(lab, config, filters);
  return hosts.map((one) => {
    const host = readVirtualHost(one, { lab, filters, maxBody, retry: null });
    return {
      ...host,
      headers: joinEdits(host.headers, headers),
      perFilter: { ...perFilter, ...host.perFilter },
    };
  });
}
