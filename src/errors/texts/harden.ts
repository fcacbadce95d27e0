// Texts of harden and contain: a module that cannot be contained under this policy. See catalogue.ts.
import type { Text } from "../catalogue.ts";

export const hardenTexts = {
  "harden-already": { text: "the module is already hardened: {what}", hint: "Harden the original; `verify` checks a hardened one", blame: "input", exit: 3 },
  "harden-reserved": {
    text: "the module uses the reserved name {name}",
    hint: "Names that begin with glovebox belong to the rewriter: rename it in the plugin",
    blame: "input",
    exit: 3,
  },
  "harden-import-kind": { text: "imports the {kind} {name}", hint: "proxy-wasm hosts provide functions only: define it in the plugin", blame: "input", exit: 3 },
  "harden-import-unknown": {
    text: "imports {name}, which no proxy-wasm host provides",
    hint: "Build with a proxy-wasm SDK, and for AssemblyScript with --use abort=abort_proc_exit",
    blame: "input",
    exit: 3,
  },
  "harden-import-signature": { text: "imports {name} as {found}, hosts provide {expected}", hint: "Build with an SDK for this ABI version", blame: "input", exit: 3 },
  "harden-import-abi": {
    text: "imports {name}, which hosts do not provide to plugins of ABI {abi}",
    hint: "Build with one SDK version; the marker export and the imports must agree",
    blame: "input",
    exit: 3,
  },
  "harden-abi-missing": { text: "no ABI marker: expected an export such as {expected}", hint: "Build with a proxy-wasm SDK of ABI 0.1.0 to 0.2.1", blame: "input", exit: 3 },
  "harden-export-signature": {
    text: "exports {name} as {found}, hosts of ABI {abi} expect {expected}",
    hint: "Rebuild the plugin with an SDK for this ABI version",
    blame: "input",
    exit: 3,
  },
  "harden-callback-missing": {
    text: "the policy leaves out {name}, which the plugin exports: a plugin of role {role} that is not called protects nothing",
    hint: "Add {name} to capabilities, or name no callback at all to keep every one",
    blame: "usage",
    exit: 2,
  },
  "harden-memory-none": {
    text: "memory: expected exactly one, exported as `memory`; the module has {found} and {exported}",
    hint: "Export one memory as `memory`: stock Envoy crashes as a whole when such a plugin logs",
    blame: "input",
    exit: 3,
  },
  "harden-memory-min": {
    text: "the module needs at least {found} pages of memory, the cap is {cap} pages",
    hint: "Raise limits.memory to at least {need}, or build the plugin with less initial memory",
    blame: "input",
    exit: 3,
  },
  "harden-tables": { text: "its tables need {found} entries, the limit is {limit}", hint: "Build the plugin smaller", blame: "input", exit: 3 },
  "harden-frame": {
    text: "a call of this function takes an estimated {found} bytes of stack, the limit for one frame is {limit}",
    hint: "Move large locals to memory, or raise limits.stack if it is below 256KiB",
    blame: "input",
    exit: 3,
  },
  "harden-budget": { text: "the {kind} budget of {found} units does not cover the wrapper, which needs {need}", hint: "Raise limits.fuel.{kind}", blame: "usage", exit: 2 },
  "harden-charge": { text: "one path of this function costs {found} units, more than a charge can hold", hint: "Split the function", blame: "input", exit: 3 },
  "harden-message": {
    text: "internal limit: the denial message of {name} is longer than {limit} bytes",
    hint: "This is a bug in Glovebox: please report it",
    blame: "glovebox",
    exit: 70,
  },
  "harden-metric": {
    text: 'the metric\'s name "{name}" is more than {limit} bytes of printable ASCII',
    hint: "Shorten metadata.name or the clusters' names in dispatch.clusters, or turn telemetry off",
    blame: "input",
    exit: 3,
  },
  "contain-pin": {
    text: "the plugin's sha256 is {found}, the policy pins {expected}",
    hint: "Check where the file comes from; if the new version is wanted, review it and update source.sha256",
    blame: "input",
    exit: 1,
  },
  "contain-unverified": {
    text: "the rewritten module was not accepted by verify: {first}",
    hint: "Nothing was written. This is a bug in Glovebox: please report it with the plugin and the policy",
    blame: "glovebox",
    exit: 70,
  },
} as const satisfies Readonly<Record<string, Text>>;
