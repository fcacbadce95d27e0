// The frame that all cases of the worst-case bench share: a module with one exported function, run(n), that
// goes round a loop n times. Its values come from memory, so that no compiler knows them.

/** How the values in memory look: floats are ordinary, not a number, or subnormal; integers are the same in all. */
export type Operands = "ordinary" | "nan" | "subnormal";

export interface Frame {
  /** Once round the loop; leaves nothing on the stack. */
  readonly body: string;
  /** At the end of each turn. */
  readonly after?: string;
  /** Before the loop. */
  readonly before?: string;
  /** Fields of the module beside memory and run. */
  readonly fields?: string;
  /** Further locals of run. */
  readonly locals?: string;
  readonly pages?: number;
  readonly operands?: Operands;
}

const bytesOf = (fill: (view: DataView) => void, size: number): string => {
  const buffer = new DataView(new ArrayBuffer(size));
  fill(buffer);
  return Array.from(
    new Uint8Array(buffer.buffer),
    (byte) => `\\${byte.toString(16).padStart(2, "0")}`,
  ).join("");
};

const floats: Readonly<Record<Operands, { readonly f: number; readonly F: number }>> = {
  ordinary: { f: 1234567.9, F: 1234567.9 },
  nan: { f: Number.NaN, F: Number.NaN },
  subnormal: { f: 2 ** -140, F: 2 ** -1040 },
};

/** Where values of a kind lie, 2 * LANES of each. Below is nothing but zeros. */
export const AREA = { i: 8192, I: 9216, f: 10_240, F: 11_264, v: 12_288, random: 16_384 } as const;
export const LANES = 16;

/** A number that a multiplier and an offset make of the one before: all of 32 bits come by. */
export const next = (value: number): number => (Math.imul(value, 1_664_525) + 1_013_904_223) >>> 0;

function dataSegments(operands: Operands): string {
  const { f, F } = floats[operands];
  const fill = (at: number, step: number, put: (view: DataView, at: number) => void) =>
    `(data (i32.const ${at}) "${bytesOf(
      (view) => {
        for (let k = 0; k < 2 * LANES; k++) put(view, k * step);
      },
      2 * LANES * step,
    )}")`;
  let seed = 12_345;
  return [
    fill(AREA.i, 4, (view, at) => view.setUint32(at, 0x7fed_cba9, true)),
    fill(AREA.I, 8, (view, at) => view.setBigUint64(at, 0x7fed_cba9_8765_4321n, true)),
    fill(AREA.f, 4, (view, at) => view.setFloat32(at, f, true)),
    fill(AREA.F, 8, (view, at) => view.setFloat64(at, F, true)),
    // Lanes of vectors are floats too: whatever an instruction takes them for, it finds the hard ones.
    fill(AREA.v, 16, (view, at) => {
      for (const lane of [0, 8]) view.setFloat64(at + lane, F, true);
    }),
    `(data (i32.const ${AREA.random}) "${bytesOf((view) => {
      for (let at = 0; at < 4096; at++) {
        seed = next(seed);
        view.setUint8(at, seed >>> 24);
      }
    }, 4096)}")`,
  ].join("\n  ");
}

const registers = `
    (local $p i32) (local $xi i32) (local $bi i32) (local $xI i64) (local $bI i64)
    (local $zi i32) (local $zI i64) (local $zf f32) (local $zF f64) (local $zv v128)
    (local $xf f32) (local $bf f32) (local $xF f64) (local $bF f64) (local $xv v128) (local $bv v128)`;

/** What the registers hold before the loop: x a large value, b the same or (integers) 1, z zero. */
const load = `
    (local.set $xi (i32.load (i32.const ${AREA.i})))
    (local.set $bi (i32.shr_u (local.get $xi) (i32.const 30)))
    (local.set $xI (i64.load (i32.const ${AREA.I})))
    (local.set $bI (i64.shr_u (local.get $xI) (i64.const 62)))
    (local.set $xf (f32.load (i32.const ${AREA.f})))
    (local.set $bf (local.get $xf))
    (local.set $xF (f64.load (i32.const ${AREA.F})))
    (local.set $bF (local.get $xF))
    (local.set $xv (v128.load (i32.const ${AREA.v})))
    (local.set $bv (local.get $xv))
    (local.set $zi (i32.load (i32.const 0)))
    (local.set $zI (i64.load (i32.const 0)))
    (local.set $zf (f32.load (i32.const 0)))
    (local.set $zF (f64.load (i32.const 0)))
    (local.set $zv (v128.load (i32.const 0)))`;

/** Everything that the loop made, so that nothing of it can be left out. */
const fold = `
    (i32.xor (i32.xor (local.get $xi) (local.get $p))
      (i32.xor (i32.xor (i32.wrap_i64 (local.get $xI)) (i32.reinterpret_f32 (local.get $xf)))
        (i32.xor (i32.wrap_i64 (i64.reinterpret_f64 (local.get $xF)))
          (i32x4.extract_lane 0 (local.get $xv)))))`;

/** What makes a module a plugin. */
export const MARKER = '(func (export "proxy_abi_version_0_2_1"))';

/** The text of a case's module. */
export function moduleText(frame: Frame): string {
  return `(module
  ${MARKER}
  (memory (export "memory") ${frame.pages ?? 2})
  (global $g (mut i32) (i32.const 7))
  ${dataSegments(frame.operands ?? "ordinary")}
  ${frame.fields ?? ""}
  (func (export "run") (param $n i32) (result i32)${registers}
    ${frame.locals ?? ""}${load}
    ${frame.before ?? ""}
    (loop $more
      ${frame.body} ${frame.after ?? ""}
      (br_if $more (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))${fold}))
`;
}

/** The text, once for each number below `times`. */
export function repeat(times: number, text: (k: number) => string): string {
  return Array.from({ length: times }, (_, k) => text(k)).join("\n      ");
}
