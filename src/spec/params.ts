// Shorthands for the parameters of host functions, so that one row of the table stays one line. A pair is
// named as the ABI documents name it: `x` becomes `x_data` and `x_size`. Holds no fact of its own.
import type { Param } from "./host-function-row.ts";

/** A plain 32-bit number. */
export function int(name: string): Param {
  return { name, type: "i32", role: "int" };
}

/** A plain 64-bit number. */
export function long(name: string): Param {
  return { name, type: "i64", role: "int" };
}

/** Bytes that the host reads from the guest: pointer and length. */
export function bytes(name: string): readonly [Param, Param] {
  return [
    { name: `${name}_data`, type: "i32", role: "in" },
    { name: `${name}_size`, type: "i32", role: "inLen" },
  ];
}

/** Bytes that the host puts into memory it gets from the guest's allocator: where to write address and length. */
export function returned(name: string): readonly [Param, Param] {
  return [
    { name: `return_${name}_data`, type: "i32", role: "outPtr" },
    { name: `return_${name}_size`, type: "i32", role: "outLen" },
  ];
}

/** The same where the guest may pass 0 for both when it does not want the bytes. */
export function returnedIfWanted(name: string): readonly Param[] {
  return returned(name).map((param) => ({ ...param, nullable: true }));
}

/** Where the host writes a value of fixed size. */
export function out(name: string, size: NonNullable<Param["bytes"]>): Param {
  return { name: `return_${name}`, type: "i32", role: "out", bytes: size };
}

/** A guest buffer that the host fills: pointer and size. */
export function buffer(name: string): readonly [Param, Param] {
  return [
    { name: `${name}_data`, type: "i32", role: "outBuf" },
    { name: `${name}_size`, type: "i32", role: "bufLen" },
  ];
}

/** Where the host writes how many bytes it moved. */
export function moved(name: string): Param {
  return { name: `return_${name}`, type: "i32", role: "outLen" };
}

/** A WASI vector of (address, length) pairs: pointer and number of entries. */
export function vector(): readonly [Param, Param] {
  return [
    { name: "iovs", type: "i32", role: "iovs" },
    { name: "iovs_len", type: "i32", role: "iovsLen" },
  ];
}
