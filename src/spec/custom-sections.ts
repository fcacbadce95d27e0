// Custom sections that mean something to a reader of plugins: which ones hold native code, debug data or what
// a linker left. No logic but look-up.
// Sources: tool-conventions (name, producers, target_features, linking, dylink.0); proxy-wasm-cpp-host's
// v8.cc and wamr.cc for precompiled code; wasmsign2 for signatures.

export interface CustomSection {
  /** The whole name, or its beginning where the row ends in `*`. */
  readonly name: string;
  readonly kind: "names" | "tools" | "debug" | "linker" | "signature" | "native" | "stamp";
}

export const customSections: readonly CustomSection[] = [
  { name: "name", kind: "names" },
  { name: "producers", kind: "tools" },
  { name: "target_features", kind: "tools" },
  { name: "sourceMappingURL", kind: "debug" },
  { name: "external_debug_info", kind: "debug" },
  { name: ".debug_*", kind: "debug" },
  { name: "linking", kind: "linker" },
  { name: "reloc.*", kind: "linker" },
  { name: "dylink*", kind: "linker" },
  { name: "signature*", kind: "signature" },
  { name: "precompiled_*", kind: "native" },
  { name: ".v8-*", kind: "native" },
  { name: "wamr-aot", kind: "native" },
  { name: "glovebox", kind: "stamp" },
];

/** The row of a custom section's name; undefined where nobody knows it. */
export function customSection(name: string): CustomSection | undefined {
  return customSections.find((row) => (row.name.endsWith("*") ? name.startsWith(row.name.slice(0, -1)) : row.name === name));
}
