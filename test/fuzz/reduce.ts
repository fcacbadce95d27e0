// Makes a failing sample smaller where that is cheap: calls left out, bodies replaced by a trap, as long as it
// still fails in the same way.
import { op } from "../../src/spec/opcodes.ts";
import { decode } from "../../src/wasm/decode.ts";
import { emit } from "../../src/wasm/emit.ts";
import type { Sample } from "./generate.ts";
import { joinBodies } from "./module-parts.ts";

/** No locals, `unreachable`, `end`. */
const TRAP = Uint8Array.of(0, op("unreachable"), op("end"));

function bodiesOf(bytes: Uint8Array): Uint8Array[] {
  const { code, start, end } = decode(bytes).bodies;
  return Array.from(start, (from, i) => code.slice(from, end[i]));
}

/** `fails` says whether a candidate still fails as the original did; at most `tries` are asked. */
export async function reduce(
  sample: Sample,
  fails: (candidate: Sample) => Promise<boolean>,
  tries = 200,
): Promise<Sample> {
  let best = sample;
  let left = tries;
  const attempt = async (candidate: Sample) => {
    if (left-- <= 0 || !(await fails(candidate))) return;
    best = candidate;
  };
  for (let i = sample.calls.length - 1; i >= 0 && best.calls.length > 1; i--) {
    await attempt({ ...best, calls: best.calls.filter((_, j) => j !== i) });
  }
  const count = bodiesOf(sample.bytes).length;
  for (let i = 0; i < count; i++) {
    const code = bodiesOf(best.bytes);
    code[i] = TRAP;
    const bytes = emit({ ...decode(best.bytes), bodies: joinBodies(code) }).slice();
    await attempt({ ...best, bytes });
  }
  return best;
}
