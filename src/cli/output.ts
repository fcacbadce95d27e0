// Files that a command writes: in one step, never over its own input, with a reason when it can't.
import { stat } from "node:fs/promises";
import { fail } from "../errors/failure.ts";
import { atomicWrite } from "../util/atomic-write.ts";
import { reasonOf } from "./reason.ts";

async function identity(file: string): Promise<string | undefined> {
  try {
    const { dev, ino } = await stat(file, { bigint: true });
    return `${dev}:${ino}`;
  } catch {
    return undefined;
  }
}

/** Refuses an output that is one of the inputs (plugin, policy), by whatever path or link. */
export async function refuseInputAsOutput(
  inputs: readonly (string | undefined)[],
  output: string,
  flag = "--output",
): Promise<void> {
  const target = await identity(output);
  if (target === undefined) return;
  for (const input of inputs) {
    if (input !== undefined && target === (await identity(input))) {
      fail("output-is-input", { file: output }, { at: "flag", flag });
    }
  }
}

/** Writes atomically; `create` refuses to replace, and without `sync` a crash of the machine may lose it. Throws `file-unwritable`. */
export async function writeOutput(
  file: string,
  bytes: Uint8Array | string,
  options: { readonly create?: boolean; readonly sync?: boolean } = {},
): Promise<void> {
  try {
    await atomicWrite(file, bytes, options);
  } catch (error) {
    fail("file-unwritable", { file, reason: reasonOf(error) }, undefined, error);
  }
}
