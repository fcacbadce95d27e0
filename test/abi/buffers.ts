// Buffers: bodies, connection data, answers, configuration, arguments; what is there when, and what can be written.
import { call, load } from "../host/guest.ts";
import { type Cell, FAR, of, type Subject } from "./cell.ts";
import { type Phase, phases, show } from "./play.ts";

const data = [[0, "XY"]] as const;
const B = "proxy_on_request_body" as const;

/** Bytes that a phase finds in a buffer: a body of the last callback is gone unless it was held. */
const sizes: Partial<Record<Phase, Readonly<Record<number, number>>>> = {
  proxy_on_request_body: { 0: 8 },
  proxy_on_response_body: { 1: 6 },
  proxy_on_downstream_data: { 2: 6 },
  proxy_on_upstream_data: { 3: 6 },
  proxy_on_http_call_response: { 4: 5 },
  proxy_on_grpc_receive: { 5: 7 },
  proxy_on_configure: { 7: 8 },
  proxy_on_foreign_function: { 8: 8 },
  envoy_on_resolve_dns: { 8: 17 },
};

/** Sizes of all buffers; -1 stands for one that is not there (NOT_FOUND). */
function expected(phase: Phase): string {
  const absent = (type: number): boolean =>
    (type === 4 && phase !== "proxy_on_http_call_response") ||
    (type === 7 && phase !== "proxy_on_configure");
  return [0, 1, 2, 3, 4, 5, 6, 7, 8]
    .map((type) => (absent(type) ? "1" : `0 ${type === 6 ? 7 : (sizes[phase]?.[type] ?? 0)}`))
    .join(",");
}

const whatIsThere: Cell[] = phases
  .filter((phase) => phase !== "_initialize" && phase !== "proxy_on_context_create")
  .map((phase) => ({
    fn: "proxy_get_buffer_status",
    kind: "edge",
    phase,
    what: "each buffer holds what its phase gave, and is empty or NOT_FOUND in all others",
    calls: [0, 1, 2, 3, 4, 5, 6, 7, 8].flatMap((type) => [
      "(i32.store (i32.const 100) (i32.const 999))",
      call("proxy_get_buffer_status", type, 100, 104),
      load(100),
    ]),
    notes: [],
    check: ({ notes }) => {
      const seen: string[] = [];
      for (let i = 0; i < 18; i += 2)
        seen.push(notes[i] === 0 ? `0 ${notes[i + 1]}` : String(notes[i]));
      if (seen.join(",") !== expected(phase)) {
        throw new Error(`${phase}: ${seen.join(",")}, expected ${expected(phase)}`);
      }
    },
  }));

const body = (bytes: Uint8Array): string => Buffer.from(bytes).toString();

function written(start: number, length: number, status: number, result: string): Cell {
  return {
    fn: "proxy_set_buffer_bytes",
    kind: status === 0 ? "edge" : "misuse",
    phase: B,
    what: `a write of ${length} bytes at ${start} makes ${result}`,
    calls: [call("proxy_set_buffer_bytes", 0, start, length, 0, 2)],
    notes: [status],
    options: { data },
    check: ({ stream }) => {
      const out = body(stream.request.out.body.view());
      if (out !== result) throw new Error(`${out}, expected ${result}`);
    },
  };
}

export const buffers: Subject = {
  name: "buffers",
  cells: [
    ...whatIsThere,
    ...of(
      "proxy_get_buffer_bytes",
      B,
      { data },
      [
        "right",
        "gives what was asked for",
        [call("proxy_get_buffer_bytes", 0, 2, 3, 100, 104), show(100, 104)],
        [0, "est"],
      ],
      [
        "right",
        "gives the plugin's configuration while it configures",
        [call("proxy_get_buffer_bytes", 7, 0, 99, 100, 104), show(100, 104)],
        [0, "settings"],
        { phase: "proxy_on_configure" },
      ],
      [
        "right",
        "gives the VM's configuration at any time",
        [call("proxy_get_buffer_bytes", 6, 0, 99, 100, 104), show(100, 104)],
        [0, "machine"],
      ],
      [
        "right",
        "gives what a client sent",
        [call("proxy_get_buffer_bytes", 2, 0, 99, 100, 104), show(100, 104)],
        [0, "client"],
        { phase: "proxy_on_downstream_data" },
      ],
      [
        "right",
        "gives the answer of a call",
        [call("proxy_get_buffer_bytes", 4, 0, 99, 100, 104), show(100, 104)],
        [0, "reply"],
        { phase: "proxy_on_http_call_response" },
      ],
      [
        "misuse",
        "no such buffer, bad addresses",
        [
          call("proxy_get_buffer_bytes", 9, 0, 1, 100, 104),
          call("proxy_get_buffer_bytes", 0, 0, 1, FAR, 104),
          call("proxy_get_buffer_bytes", 0, 0, 1, 100, FAR),
        ],
        [2, 6, 6],
      ],
      [
        "edge",
        "beyond the end there is nothing, across the end what is left, and no sum is too large",
        [
          call("proxy_get_buffer_bytes", 0, 50, 1, 100, 104),
          load(104),
          call("proxy_get_buffer_bytes", 0, 7, 50, 100, 104),
          load(104),
          call("proxy_get_buffer_bytes", 0, 7, -1, 100, 104),
          load(104),
          call("proxy_get_buffer_bytes", 0, -1, -1, 100, 104),
          load(104),
        ],
        [0, 0, 0, 1, 0, 1, 0, 0],
      ],
    ),
    ...of(
      "proxy_get_buffer_status",
      B,
      { data },
      [
        "right",
        "tells the size, and no flags",
        [call("proxy_get_buffer_status", 0, 100, 104), load(100), load(104)],
        [0, 8, 0],
      ],
      [
        "misuse",
        "no such buffer, bad addresses",
        [
          call("proxy_get_buffer_status", 9, 100, 104),
          call("proxy_get_buffer_status", -1, 100, 104),
          call("proxy_get_buffer_status", 0, FAR, 104),
          call("proxy_get_buffer_status", 0, 100, FAR),
        ],
        [2, 2, 6, 6],
      ],
    ),
    written(0, 8, 0, "XY"),
    written(0, 0xffff, 0, "XY"),
    written(0, 0, 0, "XYquestion"),
    written(8, 0, 0, "questionXY"),
    written(0, 5, 0, "XYion"),
    written(3, 2, 2, "question"),
    written(3, 0, 2, "question"),
    ...of(
      "proxy_set_buffer_bytes",
      B,
      { data },
      [
        "right",
        "replaces what a client sent",
        [
          call("proxy_set_buffer_bytes", 2, 0, 99, 0, 2),
          call("proxy_get_buffer_status", 2, 100, 104),
          load(100),
        ],
        [0, 0, 2],
        { phase: "proxy_on_downstream_data" },
      ],
      [
        "misuse",
        "configuration and answers can't be written, bad addresses neither",
        [
          call("proxy_set_buffer_bytes", 6, 0, 0, 0, 2),
          call("proxy_set_buffer_bytes", 0, 0, 0, FAR, 2),
          call("proxy_set_buffer_bytes", 0, 0, 0, 0, -1),
          call("proxy_set_buffer_bytes", 9, 0, 0, 0, 2),
        ],
        [2, 6, 6, 2],
      ],
    ),
    ...of(
      "proxy_get_configuration",
      "proxy_on_configure",
      { data, abi: "0_1_0" },
      [
        "right",
        "gives the plugin's configuration in ABI 0.1.0",
        [call("proxy_get_configuration", 100, 104), show(100, 104)],
        [0, "settings"],
      ],
      [
        "misuse",
        "a bad address",
        [call("proxy_get_configuration", FAR, 104), call("proxy_get_configuration", 100, FAR)],
        [6, 6],
      ],
      [
        "edge",
        "is the VM's configuration at all other times",
        [call("proxy_get_configuration", 100, 104), show(100, 104)],
        [0, "machine"],
        { phase: "proxy_on_tick" },
      ],
    ),
  ],
};
