// Fields that people write in the hope of a limit and that no message has, up to Envoy 1.40: no field limits a
// plugin's memory, time, or where it calls. Restrictions in a place that has none are another rule's.

export const inventedFields: ReadonlyMap<string, string> = new Map([
  ["max_capabilities_concurrent", "how many calls a plugin waits for"],
  ["allowed_dispatch_clusters", "where a plugin calls"],
  ["allowed_clusters", "where a plugin calls"],
  ["fuel", "how long a plugin runs"],
  ["fuel_limit", "how long a plugin runs"],
  ["fuel_consumption", "how long a plugin runs"],
  ["max_fuel", "how long a plugin runs"],
  ["cpu_limit", "how long a plugin runs"],
  ["execution_timeout", "how long a plugin runs"],
  ["memory_limit", "a plugin's memory"],
  ["max_memory", "a plugin's memory"],
  ["max_memory_bytes", "a plugin's memory"],
  ["memory_limit_bytes", "a plugin's memory"],
  ["heap_size_limit", "a plugin's memory"],
  ["resource_limits", "a plugin's memory or time"],
  ["resources", "a plugin's memory or time"],
  ["limits", "a plugin's memory or time"],
  ["capability_restriction_config", "what a plugin calls"],
  ["allowed_capabilities", "what a plugin calls"],
  ["capabilities", "what a plugin calls"],
]);

/** Those that mean a restriction: see capability-dropped. */
export const restrictionFields: ReadonlySet<string> = new Set([
  "capability_restriction_config",
  "allowed_capabilities",
  "capabilities",
]);
