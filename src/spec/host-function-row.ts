// The shape of a row in the host-function table (host-functions.ts, wasi.ts); see there for the rows.

/** What a parameter means to a guard: plain number, or one part of a buffer that crosses the wall. */
export type ParamRole =
  | "int" // a plain number
  | "in" // pointer to bytes the host reads; `inLen` follows
  | "inLen" // length of the bytes before it
  | "out" // pointer where the host writes a number of `bytes` bytes
  | "outPtr" // pointer where the host writes the address of a buffer (4 bytes)
  | "outLen" // pointer where the host writes a length (4 bytes): the bytes it copied into the guest
  | "outBuf" // pointer to a guest buffer that the host fills; `bufLen` follows
  | "bufLen" // size of the buffer before it
  | "iovs" // pointer to a WASI vector; `iovsLen` follows
  | "iovsLen"; // number of entries of the vector before it

export interface Param {
  readonly name: string;
  readonly type: "i32" | "i64";
  readonly role: ParamRole;
  /** For `out`: how many bytes the host writes there. */
  readonly bytes?: 1 | 2 | 4 | 8 | 24 | 32 | 64;
  /** The pointer may be 0 for "not wanted": hosts then write nothing. */
  readonly nullable?: true;
}

export type AbiVersion = "0.1.0" | "0.2.0" | "0.2.1";

export type Risk = "low" | "medium" | "high";

export interface HostFunction {
  /** `env`, or `wasi` for both `wasi_unstable` and `wasi_snapshot_preview1`. */
  readonly module: "env" | "wasi";
  readonly name: string;
  readonly params: readonly Param[];
  readonly result: "i32" | null;
  /** ABI versions for which hosts register it; WASI and extras: all three. */
  readonly abis: readonly AbiVersion[];
  /** A group for people, e.g. `headers`, `dispatch`, `shared-data`, `wasi-start`. */
  readonly group: string;
  /** The name that the article uses for it, where it differs. */
  readonly alias?: string;
  readonly risk: Risk;
  /** One line: why this risk. */
  readonly why: string;
  /** May be called during `_initialize`, `_start`, `main` in the reference host. */
  readonly atStart: boolean;
  /** The status a stub answers when denied: what stock hosts give, or "trap" where there is no result. */
  readonly denied: number | "trap";
  /** Comes with every role because SDKs call it to start and stock hosts answer it inertly. */
  readonly startup: boolean;
  /** Whether stock hosts ask `allowed_capabilities` before this call. */
  readonly gated: boolean;
  /** Price of one call in fuel units, without its bytes and without the thunk's own instructions. */
  readonly price: number;
}
