// Hostile clients and plugins against the real binary: what they send ends as a status and one log line.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { connect as connectH2 } from "node:http2";
import { connect } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { guest } from "../host/guest.ts";
import { bootstrap, type Lab, withLab } from "./lab.ts";

const START = { timeout: 90_000 };

/** Sends bytes and answers what comes until the end of the connection. */
function raw(port: number, text: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    let out = "";
    socket.on("data", (part: Buffer) => void (out += part.toString("latin1")));
    socket.on("error", () => {});
    socket.on("close", () => resolve(out));
    socket.write(text);
  });
}

function plugin(lab: Lab, imports: readonly string[], body: string): string {
  const file = join(lab.folder, "hostile.wasm");
  writeFileSync(file, guest({ imports, body }));
  return file;
}

test(
  "details that a plugin gives can't write a line of the access log, nor can a refused request go unlogged",
  START,
  async () => {
    await withLab(async (lab, clusters) => {
      const accessLog = join(lab.folder, "access.log");
      const file = plugin(
        lab,
        ["proxy_send_local_response"],
        `(data (i32.const 16) "x\\0aGET /forged 200")
      (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
        (drop (call $proxy_send_local_response (i32.const 403) (i32.const 16) (i32.const 17)
          (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const -1)))
        (i32.const 1))`,
      );
      const text = bootstrap({ plugins: [{ name: "hostile", file }], clusters, accessLog });
      const format = {
        log_format: {
          text_format_source: {
            inline_string:
              "%REQ(:PATH)% %RESPONSE_CODE% %RESPONSE_FLAGS% %RESPONSE_CODE_DETAILS%\n",
          },
        },
      };
      lab.write(
        text.replace('"path": ', `"log_format": ${JSON.stringify(format.log_format)}, "path": `),
      );
      await lab.start(["--concurrency", "1"]);
      assert.equal((await lab.ask("/real")).status, 403);
      assert.match(await raw(lab.port, "GARBAGE\r\n\r\n"), /^HTTP\/1\.1 400 /);
      await lab.until(() => readFileSync(accessLog, "latin1").split("\n").length >= 3);
      const lines = readFileSync(accessLog, "latin1").trimEnd().split("\n");
      assert.deepEqual(lines, ["/real 403 - x_GET_/forged_200", "- 400 DPE http1.codec_error"]);
    });
  },
);

test(
  "a pseudo-header that a plugin puts into trailers is left out, and an HTTP/2 stream ends",
  START,
  async () => {
    await withLab(
      async (lab, clusters) => {
        const file = plugin(
          lab,
          ["proxy_add_header_map_value"],
          `(data (i32.const 16) ":foo")
        (func (export "proxy_on_response_trailers") (param i32 i32) (result i32)
          (drop (call $proxy_add_header_map_value (i32.const 3) (i32.const 16) (i32.const 4) (i32.const 17) (i32.const 3)))
          (i32.const 0))`,
        );
        lab.write(bootstrap({ plugins: [{ name: "hostile", file }], clusters }));
        await lab.start(["--concurrency", "1"]);
        const session = connectH2(`http://127.0.0.1:${lab.port}`);
        const stream = session.request({ ":path": "/" });
        const trailers = new Promise((resolve) => stream.on("trailers", resolve));
        stream.resume();
        assert.deepEqual(Object.entries((await trailers) as object), [["x-t", "1"]]);
        session.destroy();
        assert.equal(await lab.stat("envoy.wasm_runtime_internal_errors"), 0);
      },
      (_incoming, response) => {
        response.setHeader("trailer", "x-t");
        response.write("hello");
        response.addTrailers({ "x-t": "1" });
        response.end();
      },
    );
  },
);

test(
  "a client that pipelines without end what is answered at once leaves others their turn",
  START,
  async () => {
    await withLab(async (lab, clusters) => {
      const routes = [{ match: { prefix: "/" }, direct_response: { status: 200 } }];
      lab.write(bootstrap({ clusters, routes }));
      await lab.start(["--concurrency", "1"]);
      const flood = connect(lab.port, "127.0.0.1");
      flood.on("error", () => {});
      let answered = 0;
      let tail = "";
      flood.on("data", (part: Buffer) => {
        const parts = (tail + part.toString("latin1")).split("HTTP/1.1 200 ");
        answered += parts.length - 1;
        tail = parts.at(-1)!.slice(-16);
      });
      // It goes on until it is stopped: whoever is answered meanwhile has had a turn.
      const piece = "GET / HTTP/1.1\r\nhost: a\r\n\r\n".repeat(1000);
      let asked = 0;
      let stopped = false;
      const more = (): void => {
        while (!stopped) {
          asked += 1000;
          if (!flood.write(piece)) return;
        }
      };
      flood.on("drain", more);
      more();
      await lab.until(() => answered > 0);
      for (let i = 0; i < 3; i++) assert.equal((await lab.ask("/other")).status, 200);
      stopped = true;
      await lab.until(() => answered === asked);
      flood.destroy();
    });
  },
);
