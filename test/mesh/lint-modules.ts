// Modules that the rules' pages speak of, by the word that the pages use for them.
import { contain } from "../../src/contain/contain.ts";
import { inspect } from "../../src/inspect/inspect.ts";
import type { ModuleFacts } from "../../src/mesh/lint/rule.ts";
import type { PluginUse } from "../../src/mesh/model.ts";
import { policyFromRole } from "../../src/policy/resolve.ts";
import { sha256 } from "../../src/util/digest.ts";
import { wat } from "../wat.ts";

const HEADERS = `(func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32) i32.const 0)`;
const MARKER = `(func (export "proxy_abi_version_0_2_1"))`;
const MALLOC = `(func (export "malloc") (param i32) (result i32) i32.const 0)`;

const module = (imports: string, memory = "1", marker = MARKER): Uint8Array =>
  wat(`(module ${imports} (memory (export "memory") ${memory}) ${marker} ${MALLOC} ${HEADERS})`);

const texts: Readonly<Record<string, () => Uint8Array>> = {
  uncapped: () => module(""),
  "max-only": () => module("", "1 16"),
  "no-abi": () => module("", "1", ""),
  late: () => module(`(import "wasi_snapshot_preview1" "fd_sync" (func (param i32) (result i32)))`),
  dns: () => module(`(import "env" "envoy_resolve_dns" (func (param i32 i32 i32) (result i32)))`),
  refused: () => module(`(import "env" "proxy_made_up" (func (param i32) (result i32)))`),
  hardened: () => contain(module(""), policyFromRole("auth", { "metadata.name": "a" })).bytes,
};

/** A module of the Rust SDK that asks for a header, as `inspect` tells it. */
function rust(): ModuleFacts {
  const base = inspect(module(""));
  const call = {
    module: "env",
    name: "proxy_get_header_map_value",
    capability: "proxy_get_header_map_value",
    known: true,
    group: "headers",
    alias: null,
    risk: "medium",
    why: "",
    reach: "reachable",
    since: null,
    denialTraps: true,
  } as const;
  return { sha256: "", report: { ...base, imports: [call] }, contained: null };
}

/** What a rule is told of the module of that name. */
export function moduleNamed(name: string, use: PluginUse): ModuleFacts | null {
  if (name === "rust") return rust();
  if (name === "contained" || name === "uncontained") {
    const bytes = texts.hardened!();
    const contained = name === "contained";
    return { sha256: sha256(bytes), report: inspect(bytes), contained };
  }
  // The module whose digest is the one that is written.
  if (name === "pinned") {
    const report = inspect(texts.hardened!());
    return { sha256: use.code?.sha256?.value ?? "", report, contained: null };
  }
  const bytes = texts[name]!();
  return { sha256: sha256(bytes), report: inspect(bytes), contained: null };
}
