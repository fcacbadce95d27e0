// Hard limits of shape. A module beyond one is refused before anything is rewritten, and `verify` refuses
// it too. Units in the names; sources: V8's wasm-limits (function body), containment rules A24, A26, A34.
export const limits = {
  /** A module's bytes; Coraza, the largest real plugin seen, has 24.5 MB. */
  moduleBytes: 64 * 1024 * 1024,
  types: 20_000,
  imports: 1_000,
  functions: 200_000,
  globals: 10_000,
  exports: 10_000,
  tables: 8,
  /** Sum of the maxima of all tables. */
  tableEntries: 65_536,
  elemSegments: 100_000,
  /** Sum over all element segments. */
  elemEntries: 200_000,
  dataSegments: 100_000,
  params: 64,
  results: 16,
  /** Declared locals of one function; the frame limit is what usually binds. */
  locals: 10_000,
  /** V8's limit for one function body, in bytes, checked after rewriting. */
  bodyBytes: 7_654_321,
  nesting: 1_000,
  /** One less for a plugin as it comes: hardening may put a block around a body. */
  guestNesting: 999,
  brTableTargets: 65_520,
  /** Estimated stack bytes of one frame (A26). */
  frameBytes: 16 * 1024,
  customSections: 1_000,
  nameBytes: 100_000,
  /** Bytes of a function's name in a hardened module's name section (A34). */
  functionNameBytes: 256,
} as const;
