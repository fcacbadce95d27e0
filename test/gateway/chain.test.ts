// The filter chain over fake ends: order, per-route choice, pauses, local answers, failures, back-pressure, logs.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Filter } from "../../src/gateway/chain/seams.ts";
import { overload } from "../../src/gateway/worker/waiting.ts";
import { HeaderMap } from "../../src/host/header-map.ts";
import { run } from "../host/guest.ts";
import { Client, cluster, PluginFilter, route, serve } from "./fakes.ts";

const bytes = (text: string): Uint8Array => Buffer.from(text, "latin1");

/** Adds a letter to x-order in both directions. */
const tagger = (letter: string) =>
  new PluginFilter(
    run(
      {
        imports: ["proxy_add_header_map_value"],
        body: `(data (i32.const 16) "x-order") (data (i32.const 32) "${letter}")
          (func $tag (param i32) (drop (call $proxy_add_header_map_value (local.get 0)
            (i32.const 16) (i32.const 7) (i32.const 32) (i32.const 1))))
          (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
            (call $tag (i32.const 0)) (i32.const 0))
          (func (export "proxy_on_response_headers") (param i32 i32 i32) (result i32)
            (call $tag (i32.const 2)) (i32.const 0))`,
      },
      { name: letter },
    ),
  );

/** Answers by itself with a status in a callback. */
const answerer = (callback: string, params = "i32 i32 i32") =>
  new PluginFilter(
    run(
      {
        imports: ["proxy_send_local_response"],
        body: `(data (i32.const 16) "mine")
          (func (export "${callback}") (param ${params}) (result i32)
            (drop (call $proxy_send_local_response (i32.const 418) (i32.const 16) (i32.const 4)
              (i32.const 16) (i32.const 4) (i32.const 0) (i32.const 0) (i32.const -1)))
            (i32.const 1))`,
      },
      { name: "answerer" },
    ),
  );

test("filters see the request in order and the answer in reverse", () => {
  const filters = [tagger("a"), tagger("b"), tagger("c")];
  const { service, upstream, counted } = serve(filters);
  const client = new Client([]);
  service.handle(client);
  assert.deepEqual(upstream.headers?.all("x-order"), ["a", "b", "c"]);
  upstream.sink.headers(HeaderMap.from([[":status", "200"]]), false);
  upstream.sink.data(bytes("hello"), true);
  assert.deepEqual(client.sent?.all("x-order"), ["c", "b", "a"]);
  assert.deepEqual(client.events, ["headers 200", "data 5 end"]);
  assert.deepEqual(counted, ["begin", "end 200"]);
  assert.deepEqual(
    filters.map((one) => one.users),
    [0, 0, 0],
  );
});

test("without filters nothing is copied: both ends see the same objects", () => {
  const { service, upstream } = serve([]);
  const client = new Client([], false);
  service.handle(client);
  assert.equal(upstream.headers, client.headers);
  client.sink.data(bytes("ab"), false);
  client.sink.trailers(new HeaderMap());
  assert.deepEqual(upstream.events, ["headers", "data 2", "trailers end"]);
  const answer = HeaderMap.from([[":status", "204"]]);
  upstream.sink.headers(answer, true);
  assert.equal(client.sent, answer);
  assert.deepEqual(client.events, ["headers 204 end"]);
});

test("only the filters before the one that answers see its answer, and nothing goes on", () => {
  const [before, answering, behind] = [
    tagger("a"),
    answerer("proxy_on_request_headers"),
    tagger("z"),
  ];
  const { service, upstream } = serve([before, answering, behind]);
  const client = new Client([]);
  service.handle(client);
  assert.equal(upstream.headers, null);
  assert.deepEqual(client.events, ["headers 418", "data 4 end"]);
  assert.equal(client.body, "mine");
  assert.deepEqual(client.sent?.all("x-order"), ["a"]);
  assert.deepEqual(behind.steps, []);
});

test("what a plugin has no callback for is no step of it", () => {
  const tagging = tagger("a");
  const { service, upstream } = serve([tagging]);
  service.handle(new Client([]));
  upstream.sink.headers(HeaderMap.from([[":status", "200"]]), false);
  upstream.sink.data(Buffer.from("body"), true);
  assert.deepEqual(
    tagging.steps.map((one) => one.phase),
    ["request_headers", "response_headers"],
  );
});

test("an answer while the upstream answers replaces it, and the upstream is given up", () => {
  const answering = answerer("proxy_on_response_headers");
  const { service, upstream } = serve([tagger("a"), answering]);
  const client = new Client([]);
  service.handle(client);
  upstream.sink.headers(HeaderMap.from([[":status", "200"]]), false);
  upstream.sink.data(bytes("too late"), true);
  assert.deepEqual(client.events, ["headers 418", "data 4 end"]);
  assert.deepEqual(upstream.events, ["headers end", "reset"]);
});

test("after an answer nothing behind it goes on, however late it is let go", () => {
  const onTick = (answer: number, act: string) =>
    new PluginFilter(
      run({
        imports: [
          "proxy_set_tick_period_milliseconds",
          "proxy_set_effective_context",
          "proxy_send_local_response",
          "proxy_continue_stream",
        ],
        body: `(global $stream (mut i32) (i32.const 0))
          (func (export "proxy_on_configure") (param i32 i32) (result i32)
            (drop (call $proxy_set_tick_period_milliseconds (i32.const 1))) (i32.const 1))
          (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
            (global.set $stream (local.get 0)) (i32.const ${answer}))
          (func (export "proxy_on_tick") (param i32)
            (drop (call $proxy_set_effective_context (global.get $stream)))
            (drop ${act}))`,
      }),
    );
  const holdsAnswers = new PluginFilter(
    run({
      body: `(func (export "proxy_on_response_headers") (param i32 i32 i32) (result i32) (i32.const 4))`,
    }),
  );
  const zero = "(i32.const 0)";
  const answers = onTick(
    0,
    `(call $proxy_send_local_response (i32.const 418) ${zero} ${zero} ${zero} ${zero} ${zero} ${zero} (i32.const -1))`,
  );
  const goesOn = onTick(4, "(call $proxy_continue_stream (i32.const 0))");
  const { service, upstream } = serve([holdsAnswers, answers, goesOn]);
  const client = new Client([]);
  service.handle(client);
  for (const { plugin } of [answers, goesOn]) {
    (plugin.services.clock as unknown as { advance(ms: number): void }).advance(5);
    plugin.poll();
  }
  assert.deepEqual(client.events, [], "the first filter holds the answer back");
  assert.equal(upstream.headers, null);
});

test("a route switches filters off and on and puts another plugin in a filter's place", () => {
  const filters = [tagger("a"), tagger("b"), tagger("t")];
  const configs = [
    { name: "first", plugin: 0, disabled: false },
    { name: "second", plugin: 1, disabled: true },
  ];
  const edits = { request: [], response: [] };
  const seen = (perRoute: Parameters<typeof route>[1], perCluster = {}): string[] | undefined => {
    const virtualHost = {
      name: "vh",
      domains: ["*"],
      routes: [],
      headers: edits,
      perFilter: { first: { disabled: true, plugin: null } },
      requireTls: false,
    };
    const matched = { virtualHost, route: route("r", perRoute), cluster: cluster("c", perCluster) };
    const { service, upstream } = serve(filters, { matched, configs });
    service.handle(new Client([]));
    return upstream.headers?.all("x-order");
  };
  assert.deepEqual(seen({}), [], "the virtual host switches the first off");
  assert.deepEqual(seen({ first: { disabled: false, plugin: null } }), ["a"]);
  assert.deepEqual(seen({ second: { disabled: false, plugin: null } }), ["b"]);
  assert.deepEqual(seen({ first: { disabled: null, plugin: 2 } }), ["t"]);
  assert.deepEqual(
    seen({ first: { disabled: null, plugin: 2 } }, { first: { disabled: true, plugin: null } }),
    [],
    "the weighted cluster is more specific than the route",
  );
});

test("a plugin that buffers gets the whole body, and the upstream in one piece", () => {
  const filter = new PluginFilter(
    run({
      body: `(func (export "proxy_on_request_body") (param i32 i32 i32) (result i32)
        (i32.sub (i32.const 1) (local.get 2)))`,
    }),
  );
  const { service, upstream } = serve([filter]);
  const client = new Client([], false);
  service.handle(client);
  client.sink.data(bytes("ab"), false);
  assert.deepEqual(upstream.events, ["headers"], "headers go on: only the body callback pauses");
  client.sink.data(bytes("cd"), true);
  assert.equal(upstream.body, "abcd");
  assert.deepEqual(upstream.events, ["headers", "data 4 end"]);
});

test("a body beyond the limit is answered with 413, and the plugin keeps nothing", () => {
  const filter = new PluginFilter(
    run({
      body: `(func (export "proxy_on_request_body") (param i32 i32 i32) (result i32) (i32.const 1))`,
    }),
  );
  const { service, upstream } = serve([filter], { bufferLimit: 8 });
  const client = new Client([], false);
  service.handle(client);
  client.sink.data(bytes("12345"), false);
  client.sink.data(bytes("67890"), false);
  assert.deepEqual(client.events, ["headers 413 end"]);
  assert.deepEqual(upstream.events, ["headers", "reset"]);
});

test("a paused request stops the client at the limit, goes on when the plugin says so, and loses nothing", () => {
  const filter = new PluginFilter(
    run({
      imports: [
        "proxy_continue_stream",
        "proxy_set_tick_period_milliseconds",
        "proxy_set_effective_context",
      ],
      body: `(global $stream (mut i32) (i32.const 0))
        (func (export "proxy_on_configure") (param i32 i32) (result i32)
          (drop (call $proxy_set_tick_period_milliseconds (i32.const 1))) (i32.const 1))
        (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
          (global.set $stream (local.get 0)) (i32.const 4))
        (func (export "proxy_on_tick") (param i32)
          (drop (call $proxy_set_effective_context (global.get $stream)))
          (drop (call $proxy_continue_stream (i32.const 0))))`,
    }),
  );
  const { service, upstream } = serve([filter], { bufferLimit: 4 });
  const client = new Client([], false);
  service.handle(client);
  client.sink.data(bytes("abc"), false);
  assert.deepEqual(client.events, []);
  client.sink.data(bytes("def"), false);
  assert.deepEqual(client.events, ["pause"]);
  assert.equal(upstream.headers, null);
  (filter.plugin.services.clock as unknown as { advance(ms: number): void }).advance(5);
  filter.plugin.poll();
  assert.deepEqual(client.events, ["pause", "resume"]);
  assert.equal(upstream.body, "abcdef");
  client.sink.data(bytes("g"), true);
  assert.deepEqual(upstream.events, ["headers", "data 6", "data 1 end"]);
});

test("a slow upstream stops the client, a slow client stops the upstream", () => {
  const { service, upstream } = serve([]);
  const client = new Client([], false);
  service.handle(client);
  upstream.room = false;
  client.sink.data(bytes("a"), false);
  upstream.sink.resume();
  assert.deepEqual(client.events, ["pause", "resume"]);
  client.room = false;
  upstream.sink.headers(HeaderMap.from([[":status", "200"]]), false);
  upstream.sink.data(bytes("b"), false);
  client.sink.resume();
  assert.deepEqual(upstream.events, ["headers", "data 1", "pause", "resume"]);
});

test("a trap is answered with 503 where failures are closed, and skipped where they are open", () => {
  const trapping = (failure: "closed" | "open") =>
    new PluginFilter(
      run(
        {
          body: `(func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32) unreachable)`,
        },
        { failure },
      ),
    );
  const closed = serve([tagger("a"), trapping("closed")]);
  for (let i = 0; i < 2; i++) {
    const client = new Client([]);
    closed.service.handle(client);
    assert.deepEqual(client.events, ["headers 503 end"]);
    assert.deepEqual(client.sent?.all("x-order"), ["a"], "the filter before sees the answer");
  }
  assert.equal(closed.upstream.headers, null);
  const open = serve([tagger("a"), trapping("open"), tagger("b")]);
  const client = new Client([]);
  open.service.handle(client);
  assert.deepEqual(open.upstream.headers?.all("x-order"), ["a", "b"]);
});

test("a client that goes away ends the request in the plugins and upstream", () => {
  const filter = tagger("a");
  const { service, upstream, counted } = serve([filter]);
  const client = new Client([], false);
  service.handle(client);
  client.sink.reset("remote-reset");
  upstream.sink.headers(HeaderMap.from([[":status", "200"]]), true);
  assert.deepEqual(upstream.events, ["headers", "reset"]);
  assert.deepEqual(client.events, []);
  assert.deepEqual(counted, ["begin", "client reset", "end 0"]);
  assert.equal(filter.users, 0);
  assert.equal(filter.plugin.openContexts, 0);
});

test("an upstream that can't be reached is answered with 503, one that breaks off cuts the client off", () => {
  const first = serve([]);
  const a = new Client([]);
  first.service.handle(a);
  first.upstream.sink.reset("connect-failure");
  assert.equal(a.events[0], "headers 503");
  assert.match(a.body, /reset reason: remote connection failure$/);
  const second = serve([]);
  const b = new Client([]);
  second.service.handle(b);
  second.upstream.sink.headers(HeaderMap.from([[":status", "200"]]), false);
  second.upstream.sink.reset("remote-reset");
  assert.deepEqual(b.events, ["headers 200", "reset"]);
});

test("a mistake of the gateway's own leaves no request counted as open", () => {
  const broken: Filter = Object.assign(Object.create(tagger("a")) as Filter, {
    open: () => {
      throw new Error("a mistake");
    },
  });
  const { service, counted } = serve([broken]);
  const client = new Client([]);
  assert.throws(() => service.handle(client), /a mistake/);
  assert.deepEqual(client.events, ["reset"]);
  assert.deepEqual(counted, ["begin", "end 0"]);
});

test("a request without a route is a 404 that the filters see", () => {
  const { service, counted } = serve([tagger("a")], { matched: null });
  const client = new Client([]);
  service.handle(client);
  assert.deepEqual(client.sent?.pairs(), [
    [":status", "404"],
    ["x-order", "a"],
  ]);
  assert.deepEqual(counted, ["begin", "no route", "end 404"]);
});

test("access logs have Envoy's default format, and any format's commands", () => {
  const to = { kind: "stdout" } as const;
  const { service, upstream, lines } = serve([], {
    accessLogs: [
      { to, format: null },
      {
        to,
        format: "%REQ(X-A?:PATH)%|%ROUTE_NAME%|%UPSTREAM_CLUSTER%|%RESP(x-b):2%|%%|%NOBODY%\n",
      },
      { to, format: { code: "%RESPONSE_CODE%", none: "%RESP(x-c)%" } },
    ],
  });
  const client = new Client([["user-agent", "curl"]]);
  service.handle(client);
  upstream.sink.connected({
    address: "::1",
    port: 9,
    localAddress: "::1",
    localPort: 8,
    tls: null,
  });
  upstream.sink.headers(
    HeaderMap.from([
      [":status", "200"],
      ["x-b", "long"],
    ]),
    false,
  );
  upstream.sink.data(bytes("hello"), true);
  assert.deepEqual(lines, [
    '[2025-06-15T15:06:40.000Z] "GET / HTTP/1.1" 200 - 0 5 12 - "-" "curl" "-" "host" "[::1]:9"\n',
    "/|r|backend|lo|%|-\n",
    '{"code":200,"none":null}\n',
  ]);
});

test("a plugin reads what the gateway knows of the request, computed when asked", () => {
  const filter = new PluginFilter(
    run({
      imports: ["proxy_get_property", "proxy_add_header_map_value"],
      body: `(data (i32.const 16) "source\\00address") (data (i32.const 64) "x-from")
        (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
          (drop (call $proxy_get_property (i32.const 16) (i32.const 14) (i32.const 128) (i32.const 132)))
          (drop (call $proxy_add_header_map_value (i32.const 0) (i32.const 64) (i32.const 6)
            (i32.load (i32.const 128)) (i32.load (i32.const 132))))
          (i32.const 0))`,
    }),
  );
  const { service, upstream } = serve([filter]);
  service.handle(new Client([]));
  assert.equal(upstream.headers?.get("x-from"), "10.0.0.1:4000");
});

test("a request that there is no room for is counted and logged with the reason, and no plugin sees it", () => {
  const filter = tagger("a");
  const { service, counted, lines } = serve([filter], {
    accessLogs: [
      {
        to: { kind: "stdout" },
        format: "%REQ(:PATH)% %RESPONSE_CODE% %RESPONSE_FLAGS% %RESPONSE_CODE_DETAILS%\n",
      },
    ],
  });
  const client = new Client([]);
  service.refuse(client, client.connection, overload("too many wait\n"));
  assert.deepEqual([client.sent?.get(":status"), client.sent?.get("retry-after")], ["503", "1"]);
  assert.equal(client.body, "too many wait\n");
  assert.deepEqual(counted, ["begin", "end 503"]);
  assert.deepEqual(lines, ["/ 503 OM overload\n"]);
  assert.equal(filter.users, 0);
});
