// Texts of generating configuration; see catalogue.ts for the shape. They say what a proxy would do with the result
// before a proxy is asked.
import type { Text } from "../catalogue.ts";

export const generateTexts = {
  "generate-refused": {
    text: "Envoy {version} would not load the plugin: {first}",
    hint: "{hint}",
    blame: "input",
    exit: 3,
  },
  "generate-import-since": {
    text: "the plugin calls {names}, which Envoy has since {since} ({evidence}); Envoy {version} would not load it",
    hint: "Generate for Envoy {since} or newer, or take {names} out of the policy: the call is then answered inside the module",
    blame: "input",
    exit: 3,
  },
  "generate-start-denied": {
    text: "the plugin does not start under this policy: {how}, after it was denied {denied}",
    hint: "Allow what it needs to start (`capabilities: { allow+: [{denied}] }`), or build it with an SDK that does without",
    blame: "input",
    exit: 3,
  },
  "generate-not-started": {
    text: "the plugin does not start under this policy: {how}",
    hint: "Give it the configuration, root id and variables that it wants (--configuration, --root-id, --env); where a limit ended it, raise limits.fuel.start or limits.memory",
    blame: "input",
    exit: 3,
  },
  "generate-denied-at-start": {
    text: "the plugin starts, and is denied {denied} while it does",
    hint: "Allow it if the plugin's work hangs on it; `glovebox inspect` says what each call is for",
    blame: "input",
    exit: 1,
  },
  "generate-no-callback": {
    text: "under this policy the plugin has no callback that Envoy calls: it would do nothing, silently",
    hint: "Export a proxy_on_… function, or name it in the policy's capabilities",
    blame: "input",
    exit: 3,
  },
  "generate-failure-policy": {
    text: "Envoy {version} can't do `failure: {failure}`: it came with {since}",
    hint: "Say `failure: closed` in the policy, or generate for Envoy {since} or newer",
    blame: "input",
    exit: 3,
  },
  "generate-open-security": {
    text: "a plugin of role {role} lets every request by unchecked after its first trap (`failure: open`)",
    hint: "Say `failure: closed` or `failure: reload` in the policy",
    blame: "input",
    exit: 1,
  },
  "generate-dispatch-unbounded": {
    text: "the policy allows {calls} and names no clusters: in Envoy the plugin can call every cluster of the proxy",
    hint: "Name them in dispatch.clusters, or give this plugin a proxy that has no others",
    blame: "input",
    exit: 1,
  },
  "generate-placeholder": {
    text: "{names}: the address is a placeholder that leads nowhere",
    hint: "Give it with --cluster NAME=HOST:PORT, or fill it in where the file says FILL IN",
    blame: "input",
    exit: 1,
  },
} as const satisfies Readonly<Record<string, Text>>;
