// The way in: bytes to a running plugin, or a Failure that says why no host would load them.
import { Failure, fail } from "../errors/failure.ts";
import { sha256 } from "../util/digest.ts";
import { decode } from "../wasm/decode.ts";
import { checkModule } from "./check-module.ts";
import { compile } from "./engine.ts";
import type { PluginOptions } from "./options.ts";
import { Plugin } from "./plugin.ts";

/**
 * Loads a plugin: digest, decode, check, compile, start, configure. Throws a Failure where a host would refuse
 * to load the bytes; a trap or a refusal during start is in `plugin.state` instead, because the failure
 * policy decides what requests see of it.
 */
export function loadPlugin(bytes: Uint8Array, options: PluginOptions): Plugin {
  if (options.sha256 !== undefined) {
    const found = sha256(bytes);
    if (found !== options.sha256) fail("host-digest", { found, expected: options.sha256 });
  }
  const module = decode(bytes);
  const abi = checkModule(module);
  try {
    const compiled = compile(bytes);
    return new Plugin({ compiled, imports: module.imports, abi }, options);
  } catch (error) {
    if (error instanceof Failure || !(error instanceof Error) || error.name !== "CompileError")
      throw error;
    return fail("host-compile", { detail: error.message }, undefined, error);
  }
}
