// Numbers for people: sizes in powers of 1024 and whole units where they are, thousands apart.

/** `64 MiB`, `1.5 MiB`, `812 bytes`. */
export function sizeOf(bytes: number): string {
  const [unit, name] =
    bytes >= 2 ** 20 ? [2 ** 20, "MiB"] : bytes >= 1024 ? [1024, "KiB"] : [1, "bytes"];
  const value = bytes / unit;
  return `${Number.isInteger(value) ? value : value.toFixed(value < 10 ? 2 : 1)} ${name}`;
}

/** `20,000,000`; the same on every machine, whatever its locale. */
export function count(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, ",");
}

/** `+4.8 %` of a growth from one size to another. */
export function growth(before: number, after: number): string {
  const percent = (after / before - 1) * 100;
  return `${percent < 0 ? "" : "+"}${percent.toFixed(1)} %`;
}
