// Texts of the policy area; see catalogue.ts for the shape.
import type { Text } from "../catalogue.ts";

export const policyTexts = {
  "policy-too-large": {
    text: "the policy has {bytes} bytes; at most {max} are read",
    hint: "A policy is a page of YAML: check that this is the right file",
    blame: "input",
    exit: 3,
  },
  "policy-bad-yaml": {
    text: "the policy is not well-formed YAML or JSON: {reason}",
    hint: "Correct the syntax at this place",
    blame: "input",
    exit: 3,
  },
  "policy-empty": {
    text: "the policy is empty",
    hint: "Start from `apiVersion: {apiVersion}` and `kind: {kind}`; `glovebox policy explain` lists every field",
    blame: "input",
    exit: 3,
  },
  "policy-several-documents": {
    text: "the file holds {count} documents, expected one policy",
    hint: "Write one file a plugin",
    blame: "input",
    exit: 3,
  },
  "policy-anchor": {
    text: "{what} is not allowed in a policy",
    hint: "Write the value out where it is meant",
    blame: "input",
    exit: 3,
  },
  "policy-duplicate-key": {
    text: "{path} is set twice",
    hint: "Keep one of the two",
    blame: "input",
    exit: 3,
  },
  "policy-unknown-key": {
    text: "there is no field {path}",
    hint: "Did you mean {closest}?",
    blame: "input",
    exit: 3,
  },
  "policy-wrong-type": {
    text: "{path} must be {expected}, found {found}",
    hint: "Run `glovebox policy explain {path}` for the field",
    blame: "input",
    exit: 3,
  },
  "policy-out-of-range": {
    text: "{path} must be between {min} and {max}, found {found}",
    hint: "Run `glovebox policy explain {path}` for the field",
    blame: "input",
    exit: 3,
  },
  "policy-bad-choice": {
    text: "{path} must be one of {choices}, found {found}",
    hint: "Did you mean {closest}?",
    blame: "input",
    exit: 3,
  },
  "policy-missing-field": {
    text: "{path} is missing",
    hint: "Run `glovebox policy explain {path}` for the field",
    blame: "input",
    exit: 3,
  },
  "policy-conflict": {
    text: "{path} and {other} are both set",
    hint: "Use `allow` to replace the role's list, or `allow+` to extend it",
    blame: "input",
    exit: 3,
  },
  "policy-unknown-capability": {
    text: "no host has a function or callback {name}",
    hint: "Nearest known name: {closest}; `glovebox inspect` lists what a module uses",
    blame: "input",
    exit: 3,
  },
  "policy-unknown-path": {
    text: "the policy has no field or group {path}",
    hint: "Did you mean {closest}?",
    blame: "usage",
    exit: 2,
  },
  "policy-alias": {
    text: "{alias} is no name that hosts know; read as {name}{note}",
    hint: "Write {name}",
    blame: "input",
    exit: 1,
  },
  "policy-always-there": {
    text: "{name} can be neither granted nor taken away: hosts need it to run any plugin",
    hint: "Take it out of the list",
    blame: "input",
    exit: 1,
  },
  "policy-lifecycle-left-out": {
    text: "the callbacks named leave out {names}, so plugins run without set-up: most SDKs then trap, others run unconfigured",
    hint: "Name them too, or name no callback to keep all",
    blame: "input",
    exit: 1,
  },
  "policy-rule-without-call": {
    text: "{path} is a rule for {calls}, none of which is allowed",
    hint: "Allow the call, or take the rule out",
    blame: "input",
    exit: 1,
  },
  "policy-per-callback": {
    text: "{path} counts each callback alone, because streams have no account of their own",
    hint: "Set spec.limits.fuel.request to count whole requests",
    blame: "input",
    exit: 1,
  },
  "policy-foreign-function": {
    text: "the foreign function {name} is allowed, which goes past the other rules: {why}",
    hint: "Take it out of spec.foreign.functions unless the plugin can't do without it",
    blame: "input",
    exit: 1,
  },
  "policy-cluster-is-message": {
    text: "{path} holds {name}, which Envoy would read as a serialised GrpcService and not as a cluster's name",
    hint: "Rename the cluster, or take proxy_grpc_call and proxy_grpc_stream out of the policy",
    blame: "input",
    exit: 3,
  },
  "policy-grant-without-reason": {
    text: "{what} is granted ({from} → {to}) and no reason is given",
    hint: "Write `# reason: …` on its line in {file}, or `# reason {what}: …` anywhere in it",
    blame: "input",
    exit: 1,
  },
} as const satisfies Readonly<Record<string, Text>>;
