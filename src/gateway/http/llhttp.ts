// The parser of HTTP/1: llhttp, the one of Node and undici, as the WebAssembly that undici ships. It is strict: no
// bare LF, no folded lines, no Content-Length beside Transfer-Encoding. One instance a thread serves all
// connections; the invariant is that only one parser runs at a time (`running`), since they share the input.
// It must not know what a request means.
import { createRequire } from "node:module";

interface LlhttpExports {
  readonly memory: { readonly buffer: ArrayBuffer };
  _initialize(): void;
  malloc(size: number): number;
  free(pointer: number): void;
  llhttp_alloc(type: number): number;
  llhttp_free(parser: number): void;
  llhttp_execute(parser: number, data: number, length: number): number;
  llhttp_finish(parser: number): number;
  llhttp_resume(parser: number): void;
  llhttp_resume_after_upgrade(parser: number): void;
  llhttp_get_error_pos(parser: number): number;
  llhttp_get_error_reason(parser: number): number;
  llhttp_get_method(parser: number): number;
  llhttp_method_name(method: number): number;
  llhttp_get_http_major(parser: number): number;
  llhttp_get_http_minor(parser: number): number;
}

/** What a running parser is told; pointers are into the shared input. Non-zero stops. */
export interface LlhttpEvents {
  begin(): number;
  url(at: number, length: number): number;
  field(at: number, length: number): number;
  value(at: number, length: number): number;
  head(status: number, upgrade: boolean, keepAlive: boolean): number;
  body(at: number, length: number): number;
  complete(): number;
}

export const REQUEST = 1;
export const RESPONSE = 2;
/** Results of llhttp_execute. */
export const OK = 0;
export const PAUSED = 21;
export const PAUSED_UPGRADE = 22;
/** What a callback answers to stop for good. */
export const STOP = -1;

let running: LlhttpEvents | null = null;
let loaded: LlhttpExports | null = null;
let input = 0;
let inputSize = 0;
const methods: string[] = [];

interface Engine {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object, imports: object) => { readonly exports: unknown };
}

/** The instance of this thread. */
export function llhttp(): LlhttpExports {
  if (loaded !== null) return loaded;
  const bytes = createRequire(import.meta.url)("undici/lib/llhttp/llhttp-wasm.js") as Uint8Array;
  const { Module, Instance } = (globalThis as unknown as { WebAssembly: Engine }).WebAssembly;
  const env = {
    wasm_on_message_begin: () => running!.begin(),
    wasm_on_url: (_: number, at: number, length: number) => running!.url(at - input, length),
    wasm_on_status: () => 0,
    wasm_on_header_field: (_: number, at: number, length: number) =>
      running!.field(at - input, length),
    wasm_on_header_value: (_: number, at: number, length: number) =>
      running!.value(at - input, length),
    wasm_on_headers_complete: (_: number, status: number, upgrade: number, keepAlive: number) =>
      running!.head(status, upgrade === 1, keepAlive === 1),
    wasm_on_body: (_: number, at: number, length: number) => running!.body(at - input, length),
    wasm_on_message_complete: () => running!.complete(),
  };
  loaded = new Instance(new Module(bytes), { env }).exports as LlhttpExports;
  loaded._initialize();
  return loaded;
}

/** Whether a parser is at work further down the stack. */
export function isRunning(): boolean {
  return running !== null;
}

/**
 * Runs a parser over bytes and gives llhttp's result. `consumed` below says where it stopped.
 * Throws what the events throw.
 */
export function execute(parser: number, bytes: Uint8Array, events: LlhttpEvents): number {
  const engine = llhttp();
  if (running !== null) throw new Error("an HTTP parser was entered from its own callback");
  if (bytes.length > inputSize) {
    if (input !== 0) engine.free(input);
    inputSize = Math.max(65536, bytes.length);
    input = engine.malloc(inputSize);
  }
  inputView(engine).set(bytes, input);
  running = events;
  try {
    return engine.llhttp_execute(parser, input, bytes.length);
  } finally {
    running = null;
  }
}

/** The peer has ended: gives 0 where no message was left unfinished. Throws what the events throw. */
export function finish(parser: number, events: LlhttpEvents): number {
  running = events;
  try {
    return llhttp().llhttp_finish(parser);
  } finally {
    running = null;
  }
}

/** Bytes that the last run took, where it stopped early. */
export function consumed(parser: number): number {
  return llhttp().llhttp_get_error_pos(parser) - input;
}

export function methodOf(parser: number): string {
  const engine = llhttp();
  const method = engine.llhttp_get_method(parser);
  return (methods[method] ??= text(engine.llhttp_method_name(method)));
}

/** llhttp's own words for what is wrong. */
export function reasonOf(parser: number): string {
  const at = llhttp().llhttp_get_error_reason(parser);
  return at === 0 ? "" : text(at);
}

let view: Uint8Array | null = null;

function inputView(engine: LlhttpExports): Uint8Array {
  if (view === null || view.buffer !== engine.memory.buffer) {
    view = new Uint8Array(engine.memory.buffer);
  }
  return view;
}

function text(at: number): string {
  const bytes = inputView(llhttp());
  return Buffer.from(bytes.subarray(at, bytes.indexOf(0, at))).toString("latin1");
}
