// Sizes as people write them: 500MB, 2GiB, 1048576.
import { fail } from "../errors/failure.ts";

const units: Readonly<Record<string, number>> = {
  "": 1,
  b: 1,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  kib: 2 ** 10,
  mib: 2 ** 20,
  gib: 2 ** 30,
};

/** Bytes. Throws `cache-size`. */
export function sizeOf(text: string): number {
  const [, number, unit] = /^(\d+(?:\.\d+)?)\s*([A-Za-z]*)$/.exec(text.trim()) ?? [];
  const factor = unit === undefined ? undefined : units[unit.toLowerCase()];
  if (factor === undefined) return fail("cache-size", { found: JSON.stringify(text.slice(0, 60)) });
  return Math.floor(Number(number) * factor);
}
