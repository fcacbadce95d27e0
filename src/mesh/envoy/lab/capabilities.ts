// capability_restriction_config → the names that a plugin may use. The article's names are translated, each with
// a finding; names that nobody knows stay, so that a list of nothing else still denies everything, as in Envoy.
import { alias } from "../../../spec/aliases.ts";
import { callbacks } from "../../../spec/callbacks.ts";
import { hostFunctions } from "../../../spec/host-functions.ts";
import type { Picker } from "./picker.ts";

const callbackNames: ReadonlySet<string> = new Set(callbacks.map((row) => row.name));
const known: ReadonlySet<string> = new Set([
  ...callbackNames,
  ...hostFunctions.map((row) => row.name),
]);

export interface Capabilities {
  /** null where nothing is restricted. */
  readonly names: readonly string[] | null;
  readonly maxOutstandingDispatches: number | null;
}

function readNames(restriction: Picker): readonly string[] | null {
  const { report } = restriction;
  const entries = restriction.entries("allowed_capabilities");
  if (entries.length === 0) {
    report.add("lab-empty-capabilities", "warning", restriction.offset("allowed_capabilities"));
    return null;
  }
  const names = entries.map(({ key, at }) => {
    if (known.has(key)) return key;
    const ours = alias(key);
    if (ours !== undefined) {
      const note = ours.note === undefined ? "" : ` (${ours.note})`;
      const args = { name: key, real: ours.name, note };
      report.add("article-capability-name", report.articleLevel, at, args);
      return ours.name;
    }
    const suggestion = report.suggest(
      key,
      () => known,
      "`glovebox inspect` lists what a module uses",
    );
    report.add("lab-unknown-capability", "warning", at, { name: key.slice(0, 60), suggestion });
    return key;
  });
  if (!names.some((name) => callbackNames.has(name))) {
    const at = restriction.offset("allowed_capabilities");
    report.add("article-no-callbacks", report.articleLevel, at);
  }
  return [...new Set(names)];
}

/** Both places are read; what vm_config says counts, as in Envoy 1.40. */
export function readCapabilities(plugin: Picker, vm: Picker | undefined): Capabilities {
  const own = plugin.child("capability_restriction_config");
  const inVm = vm?.child("capability_restriction_config");
  if (own !== undefined && inVm !== undefined) {
    const at = plugin.offset("capability_restriction_config");
    plugin.report.add("lab-capabilities-twice", "warning", at);
  }
  const ownNames = own === undefined ? null : readNames(own);
  const vmNames = inVm === undefined ? null : readNames(inVm);
  // The article's field stands in either of two messages.
  const limits = [plugin, own, inVm].map((one) => one?.number("max_capabilities_concurrent"));
  const set = limits.filter((limit) => limit !== undefined);
  return {
    names: inVm === undefined ? ownNames : vmNames,
    maxOutstandingDispatches: set.length === 0 ? null : Math.min(...set),
  };
}
