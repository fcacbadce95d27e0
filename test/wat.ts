// Text to binary for tests, by the wabt package; one instance for all.
import wabtFactory from "wabt";

interface Parsed {
  toBinary(options: { write_debug_names?: boolean }): { buffer: Uint8Array };
  destroy(): void;
}

interface Wabt {
  parseWat(name: string, text: string, features: Record<string, boolean>): Parsed;
}

const wabt = (await (wabtFactory as unknown as () => Promise<unknown>)()) as Wabt;

const FEATURES = {
  bulk_memory: true,
  simd: true,
  sign_extension: true,
  sat_float_to_int: true,
  multi_value: true,
  mutable_globals: true,
  reference_types: true,
};

/** Assembles WebAssembly text; throws wabt's message on an error. */
export function wat(text: string, names = false): Uint8Array {
  const parsed = wabt.parseWat("test.wat", text, FEATURES);
  try {
    return parsed.toBinary({ write_debug_names: names }).buffer.slice();
  } finally {
    parsed.destroy();
  }
}
