// What commands that take a plugin have in common, each said once: the plugin itself, its policy, and what it is started
// with. Data only, as the table itself.
import type { ArgRow, FlagRow } from "./command-row.ts";

export const ref = {
  name: "ref",
  summary: "the plugin: a .wasm file, https://, oci:// or oci-layout:",
  required: true,
} as const satisfies ArgRow;

export const policyFlag = {
  name: "policy",
  short: "p",
  value: "FILE",
  summary: "the plugin's policy (YAML or JSON)",
} as const satisfies FlagRow;

export const roleFlag = {
  name: "role",
  value: "NAME",
  summary: "instead of a policy: a role's template with its default limits",
} as const satisfies FlagRow;

export const modeFlag = {
  name: "mode",
  value: "MODE",
  summary: "how exactly fuel is counted, instead of the policy's",
  choices: ["bound", "exact"],
} as const satisfies FlagRow;

export const configurationFlag = {
  name: "configuration",
  value: "TEXT",
  summary: "the configuration that the plugin is given",
} as const satisfies FlagRow;

export const rootIdFlag = {
  name: "root-id",
  value: "NAME",
  summary: "the root id that it is given; without it the file's name",
} as const satisfies FlagRow;

/** What a plugin is started with in a proxy. */
export const startFlags = [
  configurationFlag,
  rootIdFlag,
  {
    name: "env",
    value: "NAME=VALUE",
    summary: "an environment variable of the plugin; it gets no others",
    many: true,
  },
] as const satisfies readonly FlagRow[];
