// The modules whose speed is measured, chosen before anything was tuned: compute-heavy C libraries, Go
// packages, an AssemblyScript program, and plugins that serve whole requests. `rounds` is the argument of
// one call of bench(), so that a call takes some ten to thirty milliseconds.

/** Versions of the crates that carry the C sources. */
export const crates = {
  "bzip2-sys": "0.1.13",
  "libsqlite3-sys": "0.40.0",
  "libz-sys": "1.1.31",
  "lua-src": "551.1.0",
  onig_sys: "69.9.3",
  "zstd-sys": "2.1.3",
} as const;

interface Common {
  readonly name: string;
  readonly what: string;
  readonly rounds: number;
}

export interface CRow extends Common {
  readonly kind: "c";
  readonly crate: keyof typeof crates;
  /** The folder of the sources inside the crate. */
  readonly folder: string;
  /** Sources below the folder; a name that ends with `/` stands for all .c files in it. */
  readonly sources: readonly string[];
  /** Sources that are left out of those. */
  readonly without?: readonly string[];
  readonly flags: readonly string[];
}

export interface GoRow extends Common {
  readonly kind: "go";
}

export interface ScriptRow extends Common {
  readonly kind: "assemblyscript";
}

export interface PluginCase extends Common {
  readonly kind: "plugin";
  /** Name of the fixture. */
  readonly fixture: string;
  /** Which configuration and header the host of host.wat has for it. */
  readonly setting: number;
}

export type CorpusRow = CRow | GoRow | ScriptRow | PluginCase;

const oniguruma = `
  regexec regerror regparse regext regcomp reggnu regenc regsyntax regtrav regversion st onig_init unicode ascii
  utf8 utf16_be utf16_le utf32_be utf32_le euc_jp sjis iso8859_1 iso8859_2 iso8859_3 iso8859_4 iso8859_5
  iso8859_6 iso8859_7 iso8859_8 iso8859_9 iso8859_10 iso8859_11 iso8859_13 iso8859_14 iso8859_15 iso8859_16
  euc_tw euc_kr big5 gb18030 koi8_r cp1251 euc_jp_prop sjis_prop unicode_unfold_key unicode_fold1_key
  unicode_fold2_key unicode_fold3_key`;

const files = (names: string): readonly string[] =>
  names
    .trim()
    .split(/\s+/)
    .map((name) => `${name}.c`);

export const corpus: readonly CorpusRow[] = [
  {
    name: "lua",
    what: "Lua 5.4: an interpreter's loop, a garbage collector, strings",
    kind: "c",
    crate: "lua-src",
    folder: "lua-5.4.9",
    sources: ["./"],
    without: files("liolib loslib loadlib linit ldblib lcorolib lutf8lib"),
    flags: ["-Dluai_makeseed(L)=42"],
    rounds: 1,
  },
  {
    name: "sqlite",
    what: "SQLite 3: a byte-code machine over trees in memory",
    kind: "c",
    crate: "libsqlite3-sys",
    folder: "sqlite3",
    sources: ["sqlite3.c"],
    flags: [
      "-DSQLITE_OS_OTHER=1",
      "-DSQLITE_THREADSAFE=0",
      "-DSQLITE_OMIT_LOAD_EXTENSION",
      "-DSQLITE_OMIT_WAL",
      "-DSQLITE_TEMP_STORE=3",
      "-DSQLITE_OMIT_LOCALTIME",
      "-DSQLITE_OMIT_DATETIME_FUNCS",
    ],
    rounds: 1,
  },
  {
    name: "bzip2",
    what: "bzip2: block sorting and Huffman codes",
    kind: "c",
    crate: "bzip2-sys",
    folder: "bzip2-1.0.8",
    sources: files("blocksort compress crctable decompress huffman randtable bzlib"),
    flags: ["-DBZ_NO_STDIO"],
    rounds: 1,
  },
  {
    name: "zstd",
    what: "Zstandard: matching and entropy coding",
    kind: "c",
    crate: "zstd-sys",
    folder: "zstd/lib",
    sources: ["common/", "compress/", "decompress/"],
    flags: ["-DZSTD_DISABLE_ASM=1", "-DXXH_NAMESPACE=ZSTD_"],
    rounds: 1,
  },
  {
    name: "oniguruma",
    what: "Oniguruma: a backtracking matcher",
    kind: "c",
    crate: "onig_sys",
    folder: "oniguruma/src",
    sources: files(oniguruma),
    flags: ["-DONIG_DISABLE_DIRECT_THREADING"],
    rounds: 1,
  },
  {
    name: "zlib",
    what: "zlib: deflate and inflate",
    kind: "c",
    crate: "libz-sys",
    folder: "src/zlib",
    sources: files("adler32 compress crc32 deflate inffast inflate inftrees trees uncompr zutil"),
    flags: ["-DHAVE_UNISTD_H"],
    rounds: 1,
  },
  { name: "go-json", what: "Go's encoding/json, its run-time included", kind: "go", rounds: 2 },
  { name: "go-regexp", what: "Go's regexp", kind: "go", rounds: 2 },
  { name: "go-markdown", what: "goldmark, a Markdown renderer in Go", kind: "go", rounds: 2 },
  {
    name: "assemblyscript",
    what: "AssemblyScript: floats, maps, strings, its collector",
    kind: "assemblyscript",
    rounds: 6,
  },
  {
    name: "plugin-go",
    what: "the fixture go-json: JSON out of a header and back, 1 cycle = 1 request",
    kind: "plugin",
    fixture: "go-json",
    setting: 0,
    rounds: 300,
  },
  {
    name: "plugin-rust",
    what: "the fixture rust-auth: a token in a header, 1 cycle = 1 request",
    kind: "plugin",
    fixture: "rust-auth",
    setting: 1,
    rounds: 5000,
  },
  {
    name: "plugin-cpp",
    what: "the fixture cpp-router: a route by path prefix, 1 cycle = 1 request",
    kind: "plugin",
    fixture: "cpp-router",
    setting: 2,
    rounds: 12000,
  },
];
