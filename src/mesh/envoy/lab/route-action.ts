// What a route does: forward to clusters, redirect, or answer by itself.
import { retryWords, whoRetries } from "../../../spec/retry-words.ts";
import type { ForwardAction, RouteAction, WeightedCluster } from "../lab-config.ts";
import { readText } from "./data-source.ts";
import { readHeaderEdits } from "./header-edits.ts";
import { checkCluster, type Lab } from "./lab.ts";
import { readRewrite } from "./matchers.ts";
import { type FilterNames, readPerFilter } from "./per-filter.ts";
import type { Picker } from "./picker.ts";

/** Envoy's default for a whole response, in milliseconds. */
const TIMEOUT = 15_000;

const NO_EDITS = { request: [], response: [] } as const;

function readWeighted(lab: Lab, action: Picker, filters: FilterNames): readonly WeightedCluster[] {
  const weighted = action.child("weighted_clusters");
  if (weighted === undefined) {
    const name = action.text("cluster");
    checkCluster(lab, name, action.offset("cluster"));
    return name === "" ? [] : [{ name, weight: 1, headers: NO_EDITS, perFilter: {} }];
  }
  const clusters = weighted.messages("clusters").map((one) => {
    const name = one.text("name");
    checkCluster(lab, name, one.offset("name"));
    return {
      name,
      weight: one.number("weight") ?? 0,
      headers: readHeaderEdits(one),
      perFilter: readPerFilter(lab, one, filters),
    };
  });
  if (clusters.every((one) => one.weight === 0)) {
    const args = { field: "WeightedCluster.clusters", rule: "weights that add up to more than 0" };
    lab.report.add("envoy-invalid-value", "error", weighted.offset("clusters"), args);
  }
  return clusters;
}

/** A retry policy, of a route or, where the route has none, of its virtual host. */
export function readRetry(policy: Picker | undefined): ForwardAction["retry"] {
  if (policy === undefined) return null;
  const on = policy
    .text("retry_on")
    .split(",")
    .map((word) => word.trim())
    .filter((word) => word !== "");
  for (const word of on) checkRetry(policy, word);
  return {
    on,
    count: policy.number("num_retries") ?? 1,
    perTryTimeout: policy.duration("per_try_timeout") ?? 0,
  };
}

/** Envoy passes over what it doesn't know without a word. */
function checkRetry(policy: Picker, word: string): void {
  const who = whoRetries(word);
  if (who === "lab") return;
  const { report } = policy;
  const at = policy.offset("retry_on");
  const supported = retryWords.join(", ");
  if (who === "envoy") {
    const args = { field: "RetryPolicy.retry_on", value: word, supported };
    report.add("lab-unsupported-value", "warning", at, args);
    return;
  }
  const suggestion = report.suggest(word, () => retryWords, `The lab retries by ${supported}`);
  report.add("envoy-unknown-retry", "warning", at, { word, suggestion });
}

export function readForward(
  lab: Lab,
  action: Picker,
  filters: FilterNames,
  inherited: ForwardAction["retry"],
): ForwardAction {
  return {
    kind: "forward",
    clusters: readWeighted(lab, action, filters),
    clusterHeader: action.has("cluster_header")
      ? action.text("cluster_header").toLowerCase()
      : null,
    prefixRewrite: action.has("prefix_rewrite") ? action.text("prefix_rewrite") : null,
    regexRewrite: readRewrite(action.child("regex_rewrite")),
    hostRewrite: action.has("host_rewrite_literal") ? action.text("host_rewrite_literal") : null,
    autoHostRewrite: action.flag("auto_host_rewrite"),
    timeout: action.duration("timeout") ?? TIMEOUT,
    idleTimeout: action.duration("idle_timeout") ?? null,
    retry: readRetry(action.child("retry_policy")) ?? inherited,
  };
}

const statuses: Readonly<Record<string, number>> = {
  "": 301,
  MOVED_PERMANENTLY: 301,
  FOUND: 302,
  SEE_OTHER: 303,
  TEMPORARY_REDIRECT: 307,
  PERMANENT_REDIRECT: 308,
};

export function readRedirect(redirect: Picker): RouteAction {
  const scheme = redirect.text("scheme_redirect");
  if (scheme !== "" && scheme !== "https") {
    redirect.unsupported("scheme_redirect", scheme.slice(0, 20), "https");
  }
  const text = (field: string): string | null =>
    redirect.has(field) && redirect.text(field) !== "" ? redirect.text(field) : null;
  return {
    kind: "redirect",
    status: statuses[redirect.choice("response_code")] ?? 301,
    https: redirect.flag("https_redirect") || scheme === "https",
    host: text("host_redirect"),
    port: redirect.number("port_redirect") || null,
    path: text("path_redirect"),
    prefix: redirect.has("prefix_rewrite") ? redirect.text("prefix_rewrite") : null,
    regex: readRewrite(redirect.child("regex_rewrite")),
    stripQuery: redirect.flag("strip_query"),
  };
}

/** `maxBody`: bytes that Envoy sends at most as a direct response. */
export function readDirect(lab: Lab, direct: Picker, maxBody: number): RouteAction {
  const body = readText(lab, direct.child("body")) ?? "";
  const bytes = Buffer.byteLength(body);
  if (bytes > maxBody) {
    lab.report.add("envoy-body-too-large", "error", direct.offset("body"), { bytes, max: maxBody });
  }
  return { kind: "direct", status: direct.number("status") ?? 200, body };
}
