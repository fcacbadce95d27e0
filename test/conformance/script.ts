// A converted script: the commands of one .wast file, as `wasm-tools json-from-wast` writes them.
import { readFileSync } from "node:fs";
import { join } from "node:path";

export interface Value {
  readonly type: string;
  readonly lane_type?: string;
  /** Bits in decimal, `nan:canonical`, `nan:arithmetic`, `null`, or one of these per lane. */
  readonly value?: string | readonly string[];
}

export interface Action {
  readonly type: "invoke" | "get";
  readonly field: string;
  /** The name of a module; the last one where it is missing. */
  readonly module?: string;
  readonly args?: readonly Value[];
}

interface Made {
  readonly line: number;
  readonly filename: string;
  readonly module_type: "binary" | "text";
}

export type Command =
  | (Made & { readonly type: "module"; readonly name?: string })
  | (Made & { readonly type: "assert_invalid" | "assert_malformed"; readonly text: string })
  | (Made & { readonly type: "assert_unlinkable" | "assert_uninstantiable"; readonly text: string })
  | {
      readonly type: "register";
      readonly line: number;
      readonly as: string;
      readonly name?: string;
    }
  | { readonly type: "action"; readonly line: number; readonly action: Action }
  | {
      readonly type: "assert_return";
      readonly line: number;
      readonly action: Action;
      readonly expected: readonly Value[];
    }
  | {
      readonly type: "assert_trap" | "assert_exhaustion";
      readonly line: number;
      readonly action: Action;
      readonly text: string;
    };

export type Call = Extract<Command, { readonly action: Action }>;

export interface Script {
  /** Name of the .wast file, without its ending. */
  readonly name: string;
  readonly commands: readonly Command[];
  readonly bytesOf: (command: { readonly filename: string }) => Uint8Array;
}

/** Reads the converted script `name` of the folder. */
export function readScript(folder: string, name: string): Script {
  const home = join(folder, name);
  const { commands } = JSON.parse(readFileSync(join(home, "script.json"), "utf8")) as {
    commands: Command[];
  };
  return {
    name,
    commands,
    bytesOf: ({ filename }) => new Uint8Array(readFileSync(join(home, filename))),
  };
}

export function isCall(command: Command): command is Call {
  return "action" in command;
}
