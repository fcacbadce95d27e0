// Reads a script ahead of any run: which modules there are, what their imports stand for, which calls go to
// each, and which of them can be made plugins of.
import { Failure } from "../../src/errors/failure.ts";
import { decode } from "../../src/wasm/decode.ts";
import type { Module } from "../../src/wasm/module.ts";
import { type Reason, reasonOf } from "./exclusions.ts";
import type { Call, Command, Script } from "./script.ts";
import { isCall } from "./script.ts";
import { type Linked, type Supply, supplyOf, supplyOfSpectest } from "./supply.ts";

export interface Planned {
  /** Place of its command in the script. */
  readonly at: number;
  readonly command: Extract<Command, { readonly filename: string }>;
  readonly bytes: Uint8Array;
  /** Null where our codec refuses the module; `outside` says why. */
  readonly linked: Linked | null;
  readonly outside: Reason | null;
  /** Places of the calls that go to it. */
  readonly calls: readonly number[];
}

/** Why a module is no subject at all: the codec refuses it, or harden does whatever else it has. */
function outsideOf(module: Module | Failure): Reason | null {
  if (module instanceof Failure) return reasonOf(module);
  const imported = module.imports.filter(({ desc }) => desc.kind === "memory").length;
  return imported + module.memories.length > 1 ? "memories" : null;
}

const NONE: Supply = { kind: "none", why: "unknown" };

function decoded(bytes: Uint8Array): Module | Failure {
  try {
    return decode(bytes);
  } catch (error) {
    if (error instanceof Failure) return error;
    throw error;
  }
}

/** The modules of a script that are instantiated, or that the script tries to. */
export function plan(script: Script): readonly Planned[] {
  const planned: (Planned & { readonly calls: number[] })[] = [];
  const registered = new Map<string, Planned>();
  const named = new Map<string, Planned & { readonly calls: number[] }>();
  // Null after a module that is given as text only.
  let last: (Planned & { readonly calls: number[] }) | null = null;

  const supply = (module: string, name: string): Supply => {
    const owner = registered.get(module)?.linked;
    if (owner !== undefined && owner !== null) return supplyOf(owner, name);
    if (module === "spectest") return supplyOfSpectest(name);
    return { kind: "none", why: "unknown" };
  };
  const add = (at: number, command: Planned["command"]) => {
    const bytes = script.bytesOf(command);
    const module = decoded(bytes);
    const outside = outsideOf(module);
    // A module that cannot be linked reaches nobody's state.
    const unlinkable = command.type === "assert_unlinkable";
    const linked =
      module instanceof Failure || outside !== null
        ? null
        : {
            module,
            supplies: module.imports.map((one) =>
              unlinkable ? NONE : supply(one.module, one.name),
            ),
            shared: false,
          };
    const one = { at, command, bytes, linked, outside, calls: [] };
    planned.push(one);
    return one;
  };
  script.commands.forEach((command, at) => {
    if (isCall(command)) {
      const { module } = command.action;
      const owner = module === undefined ? last : named.get(module);
      owner?.calls.push(at);
    } else if (command.type === "register") {
      const owner = command.name === undefined ? last : named.get(command.name);
      registered.set(command.as, owner!);
    } else if (command.type === "module") {
      last = command.module_type === "binary" ? add(at, command) : null;
      if (last !== null && command.name !== undefined) named.set(command.name, last);
    } else if (command.type === "assert_uninstantiable" || command.type === "assert_unlinkable") {
      add(at, command);
    }
  });
  return planned;
}

/** The call at a place of the script. */
export function callAt(script: Script, at: number): Call {
  const command = script.commands[at]!;
  if (!isCall(command)) throw new Error(`command ${at} of ${script.name} is no call`);
  return command;
}
