// A plugin that authenticates, in a place behind what relies on it.

import type { Rule } from "../rule.ts";
import { judge } from "../security.ts";

export const phaseLate: Rule = {
  id: "phase-late",
  level: "warning",
  looksAt: "WasmPlugin and TrafficExtension",
  fix: null,
  summary: "a plugin that decides about requests, without a phase before the others",
  use: (use, _, say) => {
    if (use.dialect !== "wasm-plugin" && use.dialect !== "traffic-extension") return;
    const phase = use.phase?.value ?? "UNSPECIFIED_PHASE";
    if (use.partial || phase === "AUTHN" || phase === "AUTHZ") return;
    // By its name alone: a phase would have told otherwise.
    const judgement = judge({ ...use, phase: null });
    if (judgement?.role !== "auth" && judgement?.role !== "external-auth") return;
    say((use.phase ?? use.name).at, { name: use.name.value, phase });
  },
};
