// Texts of the inspect area; see catalogue.ts for the shape. These are findings: "refuses" and "crashes" are what
// a stock Envoy does with the module before and without any hardening.
import type { Text } from "../catalogue.ts";

const SDK = "Build the plugin with a proxy-wasm SDK for ABI 0.1.0, 0.2.0 or 0.2.1";
const finding = { blame: "input", exit: 1 } as const;

export const inspectTexts = {
  "inspect-abi-missing": { ...finding, text: "no ABI marker that hosts know ({found}): stock Envoy refuses the module", hint: SDK },
  "inspect-abi-several": { ...finding, text: "several ABI markers: {first} counts, hosts ignore {ignored}", hint: "Build with one version of the SDK" },
  "inspect-import-kind": { ...finding, text: "imports the {kind} {name}, which hosts do not provide: stock Envoy refuses the module", hint: "Define it in the plugin" },
  "inspect-import-made": { ...finding, text: "imports the {kind} {name}: stock Envoy makes one for it, harden refuses the module", hint: "Define it in the plugin" },
  "inspect-import-unknown": {
    ...finding,
    text: "imports {name}, which no proxy-wasm host has: stock Envoy refuses the module",
    hint: "Build with a proxy-wasm SDK, and for AssemblyScript with --use abort=abort_proc_exit",
  },
  "inspect-import-abi": { ...finding, text: "imports {name}, which hosts do not give to plugins of ABI {abi}: stock Envoy refuses the module", hint: SDK },
  "inspect-import-type": { ...finding, text: "imports {name} as {found}, hosts have {expected}: stock Envoy refuses the module", hint: SDK },
  "inspect-import-since": {
    ...finding,
    text: "imports {names}: Envoy has that since {since} ({evidence}), earlier releases refuse the module",
    hint: "Run it in that release or later; a hardened module that is denied these calls needs none of them",
  },
  "inspect-callback-type": { ...finding, text: "exports {name} as {found}, hosts of ABI {abi} call {expected}: stock Envoy refuses the module", hint: SDK },
  "inspect-callback-draft": { ...finding, text: "exports {name}, which no host calls; {real} is what hosts look up", hint: SDK },
  "inspect-callback-none": { ...finding, text: "exports no callback that hosts of its ABI version call: it does nothing", hint: SDK },
  "inspect-allocator-missing": { ...finding, text: "exports neither malloc nor proxy_on_memory_allocate: stock Envoy refuses the module", hint: "Export one of them" },
  "inspect-memory-unexported": {
    ...finding,
    text: "exports no memory: the whole of a stock Envoy crashes when the plugin makes a call such as {call}",
    hint: "Export one memory as `memory`",
  },
  "inspect-memory-name": { ...finding, text: "exports its memory as {found}, not as `memory`: harden refuses it", hint: "Export one memory as `memory`" },
  "inspect-memory-minimum": {
    ...finding,
    text: "needs at least {pages} pages of memory, stock Envoy gives {limit} at most and refuses the module",
    hint: "Build the plugin with less initial memory",
  },
  "inspect-start-crash": {
    ...finding,
    text: "the start section calls {call}: the whole of a stock Envoy crashes while it loads the module",
    hint: "Move that work into proxy_on_vm_start; a hardened module runs its start section later, where the call is safe",
  },
  "inspect-start-may-crash": {
    ...finding,
    text: "the start section has a path to {call}: where it takes that path, the whole of a stock Envoy crashes",
    hint: "Harden the module: its start section then runs where the call is safe",
  },
  "inspect-start-restricted": {
    ...finding,
    text: "{start} calls {call}, which hosts answer with a trap at that time: stock Envoy refuses the module",
    hint: "Move that work into proxy_on_vm_start",
  },
  "inspect-native-code": {
    ...finding,
    text: "custom section {name} holds machine code, {bytes} bytes, which a host may run instead of what was inspected",
    hint: "Keep allow_precompiled off; harden drops the section",
  },
  "inspect-ungated": {
    ...finding,
    text: "may call {name}, which no allowed_capabilities of stock Envoy can take away",
    hint: "Harden the module under a policy that does not allow it",
  },
  "inspect-denial-traps": {
    ...finding,
    text: "a plugin of {sdk} traps when one of these is denied: {calls}",
    hint: "Allow those that it needs, or choose another answer with capabilities.denied",
  },
  "inspect-hardened": { ...finding, text: "is hardened already, or says so", hint: "Check it with `glovebox verify`; harden takes the original" },
  "inspect-policy-exists": { text: "{file} exists already", hint: "Give --force to replace it, or name another file; nothing was written", blame: "usage", exit: 2 },
} as const satisfies Readonly<Record<string, Text>>;
