// Makes a value unchangeable all the way down, sets included: the policy is shared by everything that has to
// be trusted, so nobody may bend it on the way.

function refuse(): never {
  throw new TypeError("a resolved policy cannot be changed");
}

/** A sorted set that refuses changes at run time too. */
export function frozenSet(values: Iterable<string>): ReadonlySet<string> {
  const set = new Set([...values].sort());
  return Object.freeze(Object.assign(set, { add: refuse, delete: refuse, clear: refuse }));
}

/** Freezes objects and arrays, and what they hold. */
export function deepFreeze<T>(value: T): T {
  if (typeof value !== "object" || value === null || Object.isFrozen(value)) return value;
  for (const one of Object.values(value)) deepFreeze(one);
  return Object.freeze(value);
}
