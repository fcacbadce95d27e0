// The HTTP filters of a chain: plugins in order, then the router.
import type { FilterConfig } from "../lab-config.ts";
import type { Lab } from "./lab.ts";
import { WASM_FILTER } from "./per-filter.ts";
import type { Picker } from "./picker.ts";
import { readPlugin } from "./plugins.ts";

const HTTP = "envoy.extensions.filters.http.";
const ROUTER = `${HTTP}router.v3.Router`;

/** Filters that count or compress: a chain without them gives everyone the same. */
const harmless: ReadonlySet<string> = new Set([
  `${HTTP}grpc_stats.v3.FilterConfig`,
  `${HTTP}compressor.v3.Compressor`,
  `${HTTP}decompressor.v3.Decompressor`,
]);

export interface HttpFilters {
  readonly filters: readonly FilterConfig[];
  readonly names: ReadonlySet<string>;
}

function readWasm(lab: Lab, filter: Picker, wasm: Picker, name: string): FilterConfig[] {
  const plugin = readPlugin(lab, wasm.child("config"));
  if (!wasm.has("config")) {
    const args = { message: "Wasm", field: "config" };
    lab.report.add("envoy-missing-field", "error", wasm.message.at, args);
  }
  const disabled = filter.flag("disabled");
  return plugin === undefined ? [] : [{ name, plugin, disabled }];
}

function readOther(lab: Lab, filter: Picker, name: string): void {
  const any = filter.any("typed_config");
  if (any?.value === null) return;
  if (any === undefined) {
    // config_discovery is reported as a field that nobody read.
    if (filter.has("config_discovery")) return;
    const args = { message: "HttpFilter", field: "typed_config" };
    lab.report.add("envoy-missing-field", "error", filter.message.at, args);
    return;
  }
  const skipped = harmless.has(any.type) || filter.flag("disabled") || filter.flag("is_optional");
  const level = skipped ? "warning" : "error";
  lab.report.add("lab-unsupported-filter", level, filter.message.at, {
    type: any.type || "what has no type",
    name,
  });
}

/** Envoy wants the router to be the last filter and nowhere else. */
function checkTerminal(lab: Lab, chain: Picker, routers: readonly number[], count: number): void {
  if (routers.length === 1 && routers[0] === count - 1) return;
  const at = chain.offset("http_filters");
  lab.report.add("envoy-terminal-filter", "error", at, { filter: "envoy.filters.http.router" });
}

export function readHttpFilters(lab: Lab, chain: Picker): HttpFilters {
  const all = chain.messages("http_filters");
  const names = new Set<string>();
  const routers: number[] = [];
  const filters = all.flatMap((filter, index): readonly FilterConfig[] => {
    const name = filter.text("name");
    if (names.has(name)) {
      // Overrides go by name, so that two of one name are overridden alike.
      const args = { what: "filters", name };
      lab.report.add("envoy-duplicate-name", "warning", filter.offset("name"), args);
    }
    names.add(name);
    filter.flag("is_optional");
    const any = filter.any("typed_config");
    if (filter.typed(any, ROUTER) !== undefined) {
      routers.push(index);
      if (filter.flag("disabled")) filter.unsupported("disabled", "true", "a router that routes");
      return [];
    }
    const wasm = filter.typed(any, WASM_FILTER);
    if (wasm !== undefined) return readWasm(lab, filter, wasm, name);
    readOther(lab, filter, name);
    return [];
  });
  checkTerminal(lab, chain, routers, all.length);
  return { filters, names };
}
