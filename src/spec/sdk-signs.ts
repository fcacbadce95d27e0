// What tells by which SDK or compiler a plugin was built, and what an SDK makes of denied calls. Rows stand in
// the order in which they are believed. No logic but look-up.
// Sources: plugins built by these SDKs and compilers; proxy-wasm-rust-sdk's hostcalls.rs and
// proxy-wasm-cpp-sdk's sources for denied calls.

/** Where a sign is looked for: producers entries are `field name version`, imports are `module.name`. */
export type SignPlace = "producers" | "function name" | "export" | "import";

export interface Sign {
  readonly place: SignPlace;
  readonly pattern: RegExp;
}

export interface Language {
  readonly language: string;
  readonly signs: readonly Sign[];
}

/** Compilers: the first row with any sign is the language. */
export const languages: readonly Language[] = [
  {
    language: "TinyGo",
    signs: [
      { place: "producers", pattern: /TinyGo/ },
      { place: "function name", pattern: /^tinygo_/ },
      { place: "export", pattern: /^asyncify_/ },
    ],
  },
  {
    language: "Go",
    signs: [
      { place: "producers", pattern: /^(language Go|processed-by Go cmd)/ },
      { place: "function name", pattern: /^(runtime\.rt0_go|_rt0_wasm\w*)/ },
    ],
  },
  {
    language: "Rust",
    signs: [
      { place: "producers", pattern: /^(processed-by rustc|language Rust)/ },
      { place: "function name", pattern: /^(core::panicking|_ZN4core|std::panicking|_ZN3std|__rustc|__rust_alloc)/ },
    ],
  },
  {
    language: "Zig",
    signs: [
      { place: "producers", pattern: /^processed-by [Zz]ig\b/ },
      { place: "function name", pattern: /^(heap\.\w*Allocator|mem\.Allocator\b|debug\.(panic|defaultPanic|FullPanic))/ },
    ],
  },
  {
    language: "AssemblyScript",
    signs: [
      { place: "function name", pattern: /^(~lib\/|~start$|assembly\/)/ },
      { place: "export", pattern: /^(__rtti_base|__retain|__pin|proxy_on_grpc_trailing_metadata)$/ },
    ],
  },
  {
    language: "C++ (emscripten)",
    signs: [
      { place: "import", pattern: /^env\.emscripten_/ },
      { place: "export", pattern: /^_?(__)?emscripten_|^stack(Save|Alloc|Restore)$/ },
    ],
  },
  {
    language: "C or C++",
    signs: [
      { place: "producers", pattern: /^(language C|processed-by clang)/ },
      { place: "function name", pattern: /^(__wasm_call_ctors|dlmalloc)$/ },
    ],
  },
];

export interface Sdk {
  readonly id: "rust" | "go" | "cpp" | "assemblyscript-gcore" | "assemblyscript-solo" | "zig";
  readonly label: string;
  /** Languages in which it exists. */
  readonly languages: readonly string[];
  readonly signs: readonly Sign[];
  /** A further sign: at least this many functions imported from `env`, used or not. */
  readonly importsAtLeast?: number;
  /** All of these exports must be there beside the sign. */
  readonly exports?: readonly string[];
}

/** SDKs: the first row of the right language with a sign. */
export const sdks: readonly Sdk[] = [
  {
    id: "rust",
    label: "proxy-wasm for Rust",
    languages: ["Rust"],
    signs: [{ place: "function name", pattern: /proxy_wasm(::|\d)/ }],
    importsAtLeast: 30,
  },
  {
    id: "go",
    label: "proxy-wasm for Go",
    languages: ["Go", "TinyGo"],
    signs: [{ place: "function name", pattern: /proxy-wasm-go-sdk|proxywasm\/internal/ }],
  },
  {
    id: "cpp",
    label: "proxy-wasm for C++",
    languages: ["C++ (emscripten)", "C or C++"],
    signs: [
      { place: "function name", pattern: /RegisterContextFactory|getRootContext|ensureStreamContext/ },
      { place: "import", pattern: /^env\.emscripten_notify_memory_growth$/ },
    ],
  },
  {
    id: "assemblyscript-gcore",
    label: "@gcoredev/proxy-wasm-sdk-as",
    languages: ["AssemblyScript"],
    signs: [{ place: "export", pattern: /^proxy_on_grpc_trailing_metadata$/ }],
    exports: ["proxy_on_new_connection"],
  },
  {
    id: "assemblyscript-solo",
    label: "@solo-io/proxy-runtime",
    languages: ["AssemblyScript"],
    signs: [{ place: "export", pattern: /^proxy_on_grpc_trailing_metadata$/ }],
  },
  {
    id: "zig",
    label: "proxy-wasm for Zig",
    languages: ["Zig"],
    signs: [{ place: "function name", pattern: /^(lib\.)?hostcalls\./ }],
  },
];

/** Calls whose denial the Rust SDK hands to the plugin as an error; it panics on that of any other. */
const rustReturns: ReadonlySet<string> = new Set(["proxy_get_property", "proxy_http_call", "proxy_grpc_call", "proxy_grpc_stream", "proxy_call_foreign_function"]);

/** Calls that the C++ SDK makes at start and can't do without: it asks for its root id. */
const cppNeeds: ReadonlySet<string> = new Set(["proxy_get_property"]);

/** Whether a plugin of this SDK traps when a `proxy_*` call that it makes is denied with status 10. */
export function denialTraps(sdk: Sdk["id"] | null, call: string): boolean {
  if (!call.startsWith("proxy_")) return false;
  if (sdk === "rust") return !rustReturns.has(call);
  return sdk === "cpp" && cppNeeds.has(call);
}

/** Callbacks without which a plugin of an SDK traps: the Rust SDK makes its contexts there and nowhere else. */
export function neededCallbacks(sdk: Sdk["id"] | null): readonly string[] {
  return sdk === "rust" ? ["proxy_on_context_create"] : [];
}
