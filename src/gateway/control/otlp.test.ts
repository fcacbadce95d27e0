// The exporter against collectors that are well, slow, broken or gone: nothing waits for them, one line tells of it.
import assert from "node:assert/strict";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import type { Span } from "../chain/spans.ts";
import { OtlpExporter } from "./otlp.ts";

const span: Span = {
  traceId: "0af7651916cd43dd8448eb211c80319c",
  spanId: "b7ad6b7169203331",
  parentId: "",
  name: "GET route",
  start: 1_000,
  end: 1_002.5,
  status: 200,
  attributes: { "envoy.cluster": "a", "glovebox.fuel.tag": 12 },
};

async function exported(collector: RequestListener, count: number) {
  const server = createServer(collector);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/traces`;
  const said: string[] = [];
  const say = (text: string): void => void said.push(text);
  const exporter = new OtlpExporter({ endpoint, service: "s", version: "1", say });
  const took: number[] = [];
  for (let i = 0; i < count; i++) {
    exporter.add([span]);
    const before = performance.now();
    await exporter.flush();
    took.push(performance.now() - before);
  }
  server.closeAllConnections();
  server.close();
  return { said, dropped: exporter.dropped, longest: Math.max(...took) };
}

test("a collector gets spans as OTLP has them in JSON", async () => {
  let body = "";
  const { said, dropped } = await exported((request, response) => {
    request.on("data", (part: Buffer) => void (body += part.toString()));
    request.on("end", () => response.end("{}"));
  }, 1);
  assert.deepEqual([said, dropped], [[], 0]);
  const { resourceSpans } = JSON.parse(body);
  assert.deepEqual(resourceSpans[0].scopeSpans[0].spans[0], {
    traceId: span.traceId,
    spanId: span.spanId,
    name: span.name,
    kind: 2,
    startTimeUnixNano: "1000000000",
    endTimeUnixNano: "1002500000",
    attributes: [
      { key: "envoy.cluster", value: { stringValue: "a" } },
      { key: "glovebox.fuel.tag", value: { intValue: "12" } },
    ],
    status: {},
  });
});

test("a collector that fails is told of once, and again when it takes spans, with what was dropped", async () => {
  let asked = 0;
  const { said, dropped } = await exported((_, response) => {
    response.writeHead(asked++ < 3 ? 500 : 200).end();
  }, 4);
  assert.deepEqual(said, [
    "spans can't be sent: the collector answered 500",
    "spans are taken again; 3 were dropped so far",
  ]);
  assert.equal(dropped, 3);
});

test("the end waits a second at most for a collector that never answers, or answers letter by letter", async () => {
  for (const collector of [
    () => {},
    ((request) => {
      const timer = setInterval(() => request.socket.write("x"), 100);
      request.socket.on("close", () => clearInterval(timer));
      request.socket.write("HTTP/1.1 200 OK\r\nx-slow: ");
    }) satisfies RequestListener,
  ]) {
    const { said, longest } = await exported(collector, 1);
    assert.deepEqual(said, ["spans can't be sent: no answer within 1000 ms"]);
    assert.ok(longest < 3000, `${longest} ms`);
  }
});

test("an answer without end is not read", async () => {
  const { said, longest } = await exported((_, response) => {
    response.writeHead(200);
    const pour = (): void => {
      while (!response.destroyed && response.write("x".repeat(65_536)));
      if (!response.destroyed) response.once("drain", pour);
    };
    pour();
  }, 1);
  assert.deepEqual(said, []);
  assert.ok(longest < 900, `${longest} ms`);
});
