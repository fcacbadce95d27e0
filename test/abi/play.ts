// Plays a guest through everything that a host can do to a plugin: start, timers, answers of calls, a request with
// bodies and trailers both ways, a network connection, an access log, the end. The calls under test stand in
// one callback, the phase; what they saw is in the notes.
import assert from "node:assert/strict";
import { answerCall, answerDns, answerGrpc, callForeign } from "../../src/host/answer.ts";
import type { ManualClock } from "../../src/host/clock.ts";
import { HeaderMap } from "../../src/host/header-map.ts";
import type { PluginOptions } from "../../src/host/options.ts";
import type { Plugin } from "../../src/host/plugin.ts";
import type { StreamContext } from "../../src/host/stream-context.ts";
import { callback, callbackSignature } from "../../src/spec/callbacks.ts";
import { hostFunctions } from "../../src/spec/host-functions.ts";
import { guest, headers, noteFunctions, pairs, quiet, run } from "../host/guest.ts";

/** Callbacks in which host calls are tried, by export name, in the order in which they are played. */
export const phases = [
  "_initialize",
  "proxy_on_context_create",
  "proxy_on_vm_start",
  "proxy_on_configure",
  "proxy_on_tick",
  "proxy_on_queue_ready",
  "proxy_on_http_call_response",
  "proxy_on_grpc_receive_initial_metadata",
  "proxy_on_grpc_receive",
  "proxy_on_grpc_receive_trailing_metadata",
  "proxy_on_grpc_close",
  "envoy_on_resolve_dns",
  "proxy_on_foreign_function",
  "proxy_on_request_headers",
  "proxy_on_request_body",
  "proxy_on_request_trailers",
  "proxy_on_response_headers",
  "proxy_on_response_body",
  "proxy_on_response_trailers",
  "proxy_on_done",
  "proxy_on_log",
  "proxy_on_delete",
  "proxy_on_new_connection",
  "proxy_on_downstream_data",
  "proxy_on_upstream_data",
  "proxy_on_upstream_connection_close",
  "proxy_on_downstream_connection_close",
  "access log",
] as const;
export type Phase = (typeof phases)[number];

export interface PlayOptions extends Partial<PluginOptions> {
  readonly data?: readonly (readonly [number, string])[];
  readonly abi?: "0_1_0" | "0_2_0" | "0_2_1";
  /** More functions and globals. */
  readonly more?: string;
  /** What the callback answers, where it answers anything. */
  readonly answer?: number;
  readonly wasiModule?: string;
  /** The plugin is not ended, for a check that goes on with it. */
  readonly keep?: true;
}

export interface Played {
  /** Numbers that were noted and texts that were shown, in order. */
  readonly notes: (number | string)[];
  readonly plugin: Plugin;
  readonly stream: StreamContext;
  /** Errors that the host logged. */
  readonly errors: string[];
}

const request = pairs([":method", "GET"], [":path", "/"], [":authority", "a"]);
const AT = 50_000;

/** What has to be asked for, so that a phase comes. */
const setUp: Partial<Record<Phase, string>> = {
  proxy_on_tick: quiet("proxy_set_tick_period_milliseconds", 10),
  proxy_on_queue_ready: `${quiet("proxy_register_shared_queue", AT, 1, AT + 200)} ${quiet("proxy_enqueue_shared_queue", 1, AT, 1)}`,
  proxy_on_http_call_response: quiet(
    "proxy_http_call",
    AT,
    1,
    AT + 8,
    request.size,
    0,
    0,
    0,
    0,
    500,
    AT + 200,
  ),
  envoy_on_resolve_dns: quiet("envoy_resolve_dns", AT, 1, AT + 200),
};
const grpc = quiet("proxy_grpc_call", AT, 1, AT, 1, AT, 1, 0, 0, 0, 0, 500, AT + 200);

const names = new Set(hostFunctions.map((row) => row.name));

function importsOf(text: string): string[] {
  const used = new Set(["proxy_log"]);
  for (const [, name] of text.matchAll(/\$(\w+)/g)) if (names.has(name!)) used.add(name!);
  return [...used];
}

/** The guest whose `phase` makes these calls. */
export function guestOf(calls: readonly string[], phase: Phase, options: PlayOptions): Uint8Array {
  const name = phase === "access log" ? "proxy_on_log" : phase;
  const abi = options.abi ?? "0_2_1";
  const row = callback(name)!;
  const { params, result } = callbackSignature(row, abi.replaceAll("_", ".") as "0.2.1");
  const goesOn = result !== null && row.onTrap?.closed === 1 && row.onTrap.open === 0;
  const answer = result === null ? "" : `(i32.const ${options.answer ?? (goesOn ? 0 : 1)})`;
  const before = setUp[phase] ?? (phase.startsWith("proxy_on_grpc") ? grpc : "");
  // Root contexts are told of a log only by the access log; a request's log has another id than 1.
  const only = phase === "access log" ? "i32.ne" : phase === "proxy_on_log" ? "i32.eq" : "";
  const guard = only === "" ? "" : `(if (${only} (local.get 0) (i32.const 1)) (then (return)))`;
  const body = `${noteFunctions} ${options.more ?? ""}
    ${(options.data ?? []).map(([at, text]) => `(data (i32.const ${at}) "${text}")`).join("\n")}
    (data (i32.const ${AT}) "q") (data (i32.const ${AT + 8}) "${request.text}")
    ${before === "" ? "" : `(func (export "proxy_on_vm_start") (param i32 i32) (result i32) ${before} (i32.const 1))`}
    (func (export "${name}") ${params.map(() => "(param i32)").join(" ")} ${result === null ? "" : "(result i32)"}
      ${guard} ${calls.join("\n")} ${answer})`;
  const { wasiModule } = options;
  return guest({
    abi,
    imports: importsOf(body),
    body,
    ...(wasiModule === undefined ? {} : { wasiModule }),
  });
}

function playRequest(plugin: Plugin): StreamContext {
  const admission = plugin.open({ "source.address": "10.0.0.1:80", "source.port": 80 });
  assert.equal(admission.as, "stream");
  const { stream } = admission as { stream: StreamContext };
  const { request: up, response: down } = stream;
  up.onHeaders(
    HeaderMap.from(
      headers("/p?q=1", [
        ["x-one", "1"],
        ["x-two", "a"],
        ["x-two", "b"],
      ]),
    ),
    false,
  );
  up.onBody(Buffer.from("question"), false);
  up.onTrailers(HeaderMap.from([["x-end", "2"]]));
  if (stream.local === null && !stream.reset && !up.paused) {
    down.onHeaders(
      HeaderMap.from([
        [":status", "200"],
        ["x-three", "3"],
      ]),
      false,
    );
    down.onBody(Buffer.from("answer"), false);
    down.onTrailers(HeaderMap.from([["x-last", "4"]]));
  }
  if (up.paused || down.paused) {
    (plugin.services.clock as ManualClock).advance(10);
    plugin.poll();
  }
  if (!up.paused && !down.paused) stream.finish();
  return stream;
}

function playConnection(plugin: Plugin): void {
  const admission = plugin.openConnection({ "source.address": "10.0.0.2:90" });
  if (admission.as !== "connection") return;
  const { connection } = admission;
  connection.onNew();
  connection.onData("downstream", Buffer.from("client"), false);
  connection.onData("upstream", Buffer.from("server"), true);
  connection.onClose("remote");
}

/** A plugin that makes these calls while its module starts, and nothing more. */
export function startOnly(calls: readonly string[]): Plugin {
  return run(guestOf(calls, "_initialize", {}));
}

/** Plays a guest whose `phase` makes these calls. */
export function play(calls: readonly string[], phase: Phase, options: PlayOptions = {}): Played {
  const {
    data: _data,
    abi: _abi,
    more: _more,
    answer: _answer,
    wasiModule: _module,
    keep,
    ...rest
  } = options;
  const plugin = run(guestOf(calls, phase, options), {
    configuration: "settings",
    vmConfiguration: "machine",
    rootId: "root",
    ...rest,
  });
  (plugin.services.clock as ManualClock).advance(10);
  plugin.poll();
  answerCall(plugin, 4, {
    headers: [
      [":status", "200"],
      ["x-a", "b"],
    ],
    body: "reply",
    trailers: [["x-t", "1"]],
  });
  answerGrpc(plugin, 5, {
    initialMetadata: [["k", "v"]],
    messages: ["message"],
    trailingMetadata: [["t", "u"]],
    status: 7,
    message: "denied",
  });
  answerDns(plugin, 7, [{ address: "10.1.1.1", ttl: 60 }]);
  callForeign(plugin, 3, Buffer.from("argument"));
  const stream = playRequest(plugin);
  playConnection(plugin);
  plugin.logRequest({
    requestHeaders: HeaderMap.from(headers()),
    responseHeaders: HeaderMap.from([[":status", "404"]]),
    responseTrailers: HeaderMap.from([["x-last", "4"]]),
    attributes: { "response.code_details": "via_upstream" },
  });
  if (keep === undefined) plugin.close();
  const lines = plugin.services.log.lines();
  return {
    notes: lines
      .filter((line) => line.level !== 4)
      .map(({ text }) => (/^\d+$/.test(text) ? Number(text) : text)),
    errors: lines.filter((line) => line.level === 4).map((line) => line.text),
    plugin,
    stream,
  };
}

/** Shows the text whose address and length the host wrote at these places. */
export function show(address: number, size: number): string {
  return `(drop (call $proxy_log (i32.const 2) (i32.load (i32.const ${address})) (i32.load (i32.const ${size}))))`;
}
