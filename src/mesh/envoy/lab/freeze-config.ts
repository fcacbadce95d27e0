// Freezes plain data, all the way down. Bytes stay as they are: typed arrays cannot be frozen.

export function freezeConfig<T>(value: T): T {
  if (typeof value !== "object" || value === null || value instanceof Uint8Array) return value;
  if (Object.isFrozen(value)) return value;
  Object.freeze(value);
  for (const inner of Object.values(value)) freezeConfig(inner);
  return value;
}
