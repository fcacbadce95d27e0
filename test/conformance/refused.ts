// Modules that the specification calls invalid or malformed: contain refuses them and blames the input, as
// they are and as the plugin that would be made of them; and our codec makes nothing valid of them.
import { contain } from "../../src/contain/contain.ts";
import { textOf } from "../../src/errors/catalogue.ts";
import { Failure } from "../../src/errors/failure.ts";
import { decode } from "../../src/wasm/decode.ts";
import { emit } from "../../src/wasm/emit.ts";
import type { Module } from "../../src/wasm/module.ts";
import { engine } from "./engine.ts";
import { policyOf } from "./hardened.ts";
import { prepare } from "./prepare.ts";
import { anySupply } from "./supply.ts";

/** Who refused: our codec, harden's own rules, or the engine that contain asks; and what went wrong. */
export interface Refusal {
  readonly code: string;
  readonly problems: readonly string[];
}

function refusalOf(bytes: Uint8Array): { readonly code: string; readonly problem: string | null } {
  try {
    contain(bytes, policyOf("bound"));
    return { code: "none", problem: "contain accepts it" };
  } catch (error) {
    if (!(error instanceof Failure))
      return { code: "crash", problem: `contain throws ${String(error)}` };
    const { blame } = textOf(error.code);
    const problem = blame === "input" ? null : `${error.code} blames ${blame}: ${error.message}`;
    return { code: error.code, problem };
  }
}

function decoded(bytes: Uint8Array): Module | null {
  try {
    return decode(bytes);
  } catch (error) {
    if (error instanceof Failure) return null;
    throw error;
  }
}

/** What is wrong with how contain refuses a module; null where it refuses it and blames the input. */
export function refusalProblem(bytes: Uint8Array): string | null {
  return refusalOf(bytes).problem;
}

/** Judges a module that must be refused. */
export function judgeInvalid(bytes: Uint8Array): Refusal {
  const raw = refusalOf(bytes);
  const problems = raw.problem === null ? [] : [raw.problem];
  const module = decoded(bytes);
  if (module === null) return { code: raw.code, problems };
  if (!engine.validate(bytes) && engine.validate(emit(module)))
    problems.push("emit makes it valid");
  const bytesOfPlugin = emit(prepare(module, anySupply(module)).module);
  // What was wrong may be gone: the module lacked the memory that a plugin has.
  if (engine.validate(bytesOfPlugin)) return { code: "wasm-invalid", problems };
  const plugin = refusalOf(bytesOfPlugin);
  if (plugin.problem !== null) problems.push(`as a plugin: ${plugin.problem}`);
  return { code: plugin.code, problems };
}
