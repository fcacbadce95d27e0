// Guests for host tests: a WAT body with its imports declared from the spec table, a marker, a memory and a
// bump allocator. `$name` is the import; every call's status is left to the test.
import { ManualClock, SeededRandom } from "../../src/host/clock.ts";
import { loadPlugin } from "../../src/host/load.ts";
import type { PluginOptions } from "../../src/host/options.ts";
import { pairsBytes } from "../../src/host/pairs.ts";
import type { Plugin } from "../../src/host/plugin.ts";
import { type RequestInput, type RequestResult, runRequest } from "../../src/host/request.ts";
import { createServices } from "../../src/host/services.ts";
import { hostFunctionNamed } from "../../src/spec/host-functions.ts";
import { wat } from "../wat.ts";

export interface GuestParts {
  /** Marker suffix, default 0_2_1. */
  readonly abi?: string;
  readonly imports?: readonly string[];
  /** Functions, globals, data, after the memory. */
  readonly body: string;
  /** Pages; default 1. */
  readonly pages?: number;
  /** Leave out memory and allocator. */
  readonly bare?: boolean;
  readonly wasiModule?: string;
}

function importOf(name: string, wasiModule: string): string {
  const row = hostFunctionNamed(name);
  if (row === undefined) throw new Error(`no host function ${name}`);
  const module = row.module === "env" ? "env" : wasiModule;
  const params = row.params.map((param) => `(param ${param.type})`).join(" ");
  const result = row.result === null ? "" : `(result ${row.result})`;
  return `(import "${module}" "${name}" (func $${name} ${params} ${result}))`;
}

export function guest(parts: GuestParts): Uint8Array {
  const abi = parts.abi ?? "0_2_1";
  const memory = parts.bare
    ? ""
    : `(memory (export "memory") ${parts.pages ?? 1})
       (global $heap (mut i32) (i32.const 32768))
       (func $malloc (export "malloc") (param i32) (result i32)
         (global.get $heap)
         (global.set $heap (i32.add (global.get $heap) (local.get 0))))`;
  return wat(`(module
    ${(parts.imports ?? []).map((name) => importOf(name, parts.wasiModule ?? "wasi_snapshot_preview1")).join("\n")}
    ${memory}
    (func (export "proxy_abi_version_${abi}"))
    ${parts.body})`);
}

export const clock = (): ManualClock => new ManualClock();

/** A plugin of a guest with fixed time and randomness. */
export function run(parts: GuestParts | Uint8Array, options: Partial<PluginOptions> = {}): Plugin {
  const services =
    options.services ?? createServices({ clock: clock(), random: new SeededRandom(1) });
  const bytes = parts instanceof Uint8Array ? parts : guest(parts);
  return loadPlugin(bytes, { name: "guest", services, ...options });
}

/** A request's headers. */
export function headers(path = "/", more: readonly (readonly [string, string])[] = []) {
  return [
    [":method", "GET"],
    [":scheme", "https"],
    [":authority", "example.test"],
    [":path", path],
    ...more,
  ] as const;
}

/** Lines of the log, as texts. */
export function texts(plugin: Plugin): string[] {
  return plugin.services.log.lines().map((line) => line.text);
}

/**
 * WAT that logs the i32 on the stack as one line `label=number`, so that a test reads what a guest got.
 * Put `noteFunctions` into the body once, and import proxy_log.
 */
export const noteFunctions = `
  (func $digits (param $at i32) (param $value i32) (result i32)
    (local $power i32)
    (local.set $power (i32.const 1))
    (block $big (loop $next
      (br_if $big (i32.lt_u (i32.div_u (local.get $value) (local.get $power)) (i32.const 10)))
      (local.set $power (i32.mul (local.get $power) (i32.const 10)))
      (br $next)))
    (loop $next
      (i32.store8 (local.get $at)
        (i32.add (i32.const 48) (i32.rem_u (i32.div_u (local.get $value) (local.get $power)) (i32.const 10))))
      (local.set $at (i32.add (local.get $at) (i32.const 1)))
      (local.set $power (i32.div_u (local.get $power) (i32.const 10)))
      (br_if $next (local.get $power)))
    (local.get $at))
  (func $note (param $value i32)
    (drop (call $proxy_log (i32.const 2) (i32.const 60000)
      (i32.sub (call $digits (i32.const 60000) (local.get $value)) (i32.const 60000)))))`;

export interface ProbeOptions extends Partial<PluginOptions> {
  /** Data segments as `[address, text]`; escapes as in WAT. */
  readonly data?: readonly (readonly [number, string])[];
  /** The callback in which the calls are made; default the request headers. */
  readonly phase?: string;
  readonly abi?: string;
  readonly input?: Partial<RequestInput>;
  /** More functions. */
  readonly more?: string;
  readonly wasiModule?: string;
}

export interface Probed {
  /** One number a call, in order: its status, or what `load` read. */
  readonly notes: number[];
  readonly plugin: Plugin;
  readonly result: RequestResult;
}

/** A call that notes its status: `call("proxy_log", 2, 0, 5)`. */
export function call(name: string, ...args: (number | bigint | string)[]): string {
  return `(call $note (call $${name} ${operands(args)}))`;
}

/** A call whose status is dropped. */
export function quiet(name: string, ...args: (number | bigint | string)[]): string {
  return `(drop (call $${name} ${operands(args)}))`;
}

/** Notes the 32-bit number at an address. */
export function load(address: number): string {
  return `(call $note (i32.load (i32.const ${address})))`;
}

function operands(args: readonly (number | bigint | string)[]): string {
  return args
    .map((arg) => {
      if (typeof arg === "string") return arg;
      return typeof arg === "bigint" ? `(i64.const ${arg})` : `(i32.const ${arg})`;
    })
    .join(" ");
}

const phases: Readonly<Record<string, string>> = {
  proxy_on_vm_start: "(param i32 i32) (result i32)",
  proxy_on_configure: "(param i32 i32) (result i32)",
  _initialize: "",
  proxy_on_tick: "(param i32)",
  proxy_on_request_headers: "(param i32 i32 i32) (result i32)",
  proxy_on_request_body: "(param i32 i32 i32) (result i32)",
  proxy_on_response_headers: "(param i32 i32 i32) (result i32)",
  proxy_on_log: "(param i32)",
};

/** Runs one request through a guest whose `phase` makes these calls. */
export function probe(calls: readonly string[], options: ProbeOptions = {}): Probed {
  const {
    data = [],
    phase = "proxy_on_request_headers",
    abi = "0_2_1",
    input,
    more = "",
    wasiModule,
    ...rest
  } = options;
  const used = new Set(
    [
      ...(calls.join(" ") + more).matchAll(
        /call \$((?:proxy|envoy|fd|path|sock|clock|random|environ|args|poll|sched|proc|pthread|emscripten)_\w+)/g,
      ),
    ].map((match) => match[1]!),
  );
  used.add("proxy_log");
  const old = abi === "0_1_0" && phase.endsWith("_headers");
  const type = old ? "(param i32 i32) (result i32)" : phases[phase]!;
  const answer = type.includes("result")
    ? phase.startsWith("proxy_on_re")
      ? "(i32.const 0)"
      : "(i32.const 1)"
    : "";
  const bytes = guest({
    abi,
    imports: [...used],
    ...(wasiModule === undefined ? {} : { wasiModule }),
    body: `${noteFunctions} ${more}
      ${data.map(([at, text]) => `(data (i32.const ${at}) "${text}")`).join("\n")}
      (func (export "${phase}") ${type} ${calls.join("\n")} ${answer})`,
  });
  const plugin = run(bytes, rest);
  const result = runRequest(plugin, { headers: headers(), ...input });
  const notes = plugin.services.log
    .lines()
    .filter((line) => /^\d+$/.test(line.text))
    .map((line) => Number(line.text));
  return { notes, plugin, result };
}

/** Header pairs on the wire, as a WAT string. */
export function pairs(...list: readonly (readonly [string, string])[]): {
  text: string;
  size: number;
} {
  const bytes = pairsBytes(list);
  const text = [...bytes].map((byte) => `\\${byte.toString(16).padStart(2, "0")}`).join("");
  return { text, size: bytes.length };
}
