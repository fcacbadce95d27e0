// The assertions that are not carried through to a hardened module, with the reason for each: the whole list.
// Everything else must pass. Counts and scripts are checked, so nothing can be excluded silently.
import type { Failure } from "../../src/errors/failure.ts";

export const exclusions = [
  {
    reason: "text",
    assertions: 1095,
    why: "the module is given as text only, and what is wrong with it is wrong in the text: there are no bytes to read",
    scripts: null,
  },
  {
    reason: "externref",
    assertions: 484,
    why: "the module uses externref, which is outside the feature gate: the codec refuses it",
    scripts: [
      "br_table",
      "elem",
      "global",
      "linking",
      "ref_is_null",
      "ref_null",
      "select",
      "table_fill",
      "table_get",
      "table_grow",
      "table_set",
      "table_size",
    ],
  },
  {
    reason: "shared",
    assertions: 104,
    why: "the module shares a memory, a table, a mutable global or such a function with another: a plugin is one module",
    scripts: ["elem", "linking", "memory_grow", "table_grow"],
  },
  {
    reason: "limit",
    assertions: 72,
    why: "the module has a function of 100 parameters: the limit is 64",
    scripts: ["call"],
  },
  {
    reason: "memories",
    assertions: 0,
    why: "the module has two memories, which is outside the feature gate (nothing is asserted about it)",
    scripts: [],
  },
  {
    reason: "element-global",
    assertions: 1,
    why: "an element is read from an imported global, which is outside the feature gate",
    scripts: ["elem"],
  },
] as const;

export type Reason = (typeof exclusions)[number]["reason"];

/** The share of all assertions that may be excluded. */
export const MOST_EXCLUDED = 0.05;

/** The reason that a refusal by the codec stands for. Throws where there is none on the list. */
export function reasonOf({ code, args, message }: Failure): Reason {
  if (code === "wasm-feature" && args.feature === "externref") return "externref";
  if (code === "wasm-limit" && args.what === "parameters") return "limit";
  if (code === "wasm-feature" && args.feature === "multiple memories") return "memories";
  if (code === "wasm-feature" && args.feature === "globals as elements") return "element-global";
  throw new Error(`refused for a reason that is not on the list: ${code} ${message}`);
}
