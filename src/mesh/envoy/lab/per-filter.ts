// typed_per_filter_config: what a route says of a filter. Envoy's own form switches a filter off or on; the
// article's puts another plugin in its place, which Envoy refuses and the lab does.
import type { FilterOverride, PerFilter } from "../lab-config.ts";
import type { AnyValue } from "../read/value.ts";
import type { Lab } from "./lab.ts";
import type { Picker } from "./picker.ts";
import { readPlugin } from "./plugins.ts";

export const WASM_FILTER = "envoy.extensions.filters.http.wasm.v3.Wasm";
const PLUGIN = "envoy.extensions.wasm.v3.PluginConfig";
const SWITCH = "envoy.config.route.v3.FilterConfig";

/** The filters of the listener's chain, by name. */
export type FilterNames = ReadonlySet<string>;

function readOverride(
  lab: Lab,
  holder: Picker,
  filter: string,
  any: AnyValue,
): FilterOverride | undefined {
  const message = holder.typed(any, SWITCH, WASM_FILTER, PLUGIN);
  if (message === undefined) {
    if (any.value !== null) {
      const args = { type: any.type || "what has no type", name: filter.slice(0, 60) };
      lab.report.add("lab-unsupported-filter", "error", any.at, args);
    }
    return undefined;
  }
  if (message.type === SWITCH) return readSwitch(lab, filter, message);
  const plugin = readPlugin(lab, message.type === PLUGIN ? message : message.child("config"));
  if (plugin === undefined) return undefined;
  const name = (message.type === PLUGIN ? message : message.child("config")!).text("name");
  const args = { plugin: name === "" ? "this plugin" : name, filter };
  lab.report.add("article-route-plugin", lab.report.articleLevel, any.at, args);
  return { disabled: false, plugin };
}

function readSwitch(lab: Lab, filter: string, message: Picker): FilterOverride | undefined {
  // An optional configuration may be unknown to Envoy; there is none that the lab does not report.
  message.flag("is_optional");
  if (message.flag("disabled")) {
    message.value("config");
    return { disabled: true, plugin: null };
  }
  const config = message.any("config");
  if (config === undefined || config.type === "") return { disabled: false, plugin: null };
  return readOverride(lab, message, filter, config) ?? { disabled: false, plugin: null };
}

/** What a message with typed_per_filter_config says; names of no filter are reported. */
export function readPerFilter(lab: Lab, holder: Picker, filters: FilterNames): PerFilter {
  const found = new Map<string, FilterOverride>();
  for (const { key, at, value } of holder.entries("typed_per_filter_config")) {
    if (!filters.has(key)) {
      const otherwise = filters.size === 0 ? "It has none" : `It has ${[...filters].join(", ")}`;
      const suggestion = lab.report.suggest(key, () => filters, otherwise);
      lab.report.add("lab-override-unused", "warning", at, { name: key.slice(0, 60), suggestion });
    }
    const override = value.kind === "any" ? readOverride(lab, holder, key, value) : undefined;
    if (override !== undefined) found.set(key, override);
  }
  return Object.fromEntries(found);
}
