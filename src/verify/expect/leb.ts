// Writes LEB128 numbers in their shortest form: verify's own, apart from the writer that harden
// uses.

/** Appends a number of at least 0. */
export function unsigned(out: number[], value: number): void {
  let rest = value;
  for (; rest > 127; rest = Math.floor(rest / 128)) out.push((rest % 128) | 128);
  out.push(rest);
}

/** Appends a signed number. */
export function signed(out: number[], value: number | bigint): void {
  if (value !== (Number(value) | 0)) {
    long(out, BigInt(value));
    return;
  }
  let rest = value;
  for (; rest < -64 || rest > 63; rest >>= 7) out.push((rest & 127) | 128);
  out.push(rest & 127);
}

function long(out: number[], value: bigint): void {
  let rest = value;
  while (rest < -64n || rest > 63n) {
    out.push(Number(rest & 127n) | 128);
    rest >>= 7n;
  }
  out.push(Number(rest & 127n));
}
