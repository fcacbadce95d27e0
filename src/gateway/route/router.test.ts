// Which route a request takes and what happens to it there, without sockets: an upstream that records.
import assert from "node:assert/strict";
import { test } from "node:test";
import { HeaderMap, type Pair } from "../../host/header-map.ts";
import type {
  ForwardAction,
  HeaderEdit,
  HttpChain,
  Route,
  RouteAction,
  RouteMatch,
  VirtualHost,
} from "../../mesh/envoy/lab-config.ts";
import type { Answer, RouteContext, RouterSink } from "../chain/seams.ts";
import { Deadlines } from "../http/deadlines.ts";
import type { ConnectionInfo, UpstreamSink, Upstreams } from "../http/exchange.ts";
import { HttpRouter } from "./router.ts";

const at = { line: 1, column: 1 };
const none = { request: [], response: [] };
const connection = {} as ConnectionInfo;

const forward = (cluster: string, more: Partial<ForwardAction> = {}): ForwardAction => ({
  kind: "forward",
  clusters: [{ name: cluster, weight: 1, headers: none, perFilter: {} }],
  clusterHeader: null,
  prefixRewrite: null,
  regexRewrite: null,
  hostRewrite: null,
  autoHostRewrite: false,
  timeout: 0,
  idleTimeout: null,
  retry: null,
  ...more,
});

const route = (
  match: Partial<RouteMatch>,
  action: RouteAction | string,
  headers: Route["headers"] = none,
): Route => ({
  name: typeof action === "string" ? action : "",
  match: {
    path: { kind: "prefix", value: "/" },
    caseSensitive: true,
    headers: [],
    query: [],
    grpcOnly: false,
    fraction: null,
    ...match,
  },
  action: typeof action === "string" ? forward(action) : action,
  headers,
  perFilter: {},
  at,
});

const host = (
  domains: readonly string[],
  routes: readonly Route[],
  more: Partial<VirtualHost> = {},
): VirtualHost => ({
  name: domains[0]!,
  domains,
  routes,
  headers: none,
  perFilter: {},
  requireTls: false,
  ...more,
});

interface Sent {
  cluster: string;
  headers: HeaderMap;
  sink: UpstreamSink;
}

function routerOf(
  hosts: readonly VirtualHost[],
  random = (): number => 0,
): { router: HttpRouter; sent: Sent[] } {
  const sent: Sent[] = [];
  const call = {
    sendData: () => true,
    sendTrailers() {},
    reset() {},
    pauseReading() {},
    resumeReading() {},
  };
  const upstreams: Upstreams = {
    has: (name) => name !== "absent",
    hostCount: (name) => (name === "empty" ? 0 : 1),
    open: (cluster, headers, _end, sink) => {
      sent.push({ cluster, headers, sink });
      return call;
    },
    drain: async () => {},
    snapshot: () => [],
  };
  const chain = { virtualHosts: hosts } as HttpChain;
  return {
    router: new HttpRouter(chain, { upstreams, deadlines: new Deadlines(() => 0), random }),
    sent,
  };
}

const request = (path: string, more: readonly Pair[] = [], authority = "a"): HeaderMap =>
  HeaderMap.from([
    [":authority", authority],
    [":path", path],
    [":method", "GET"],
    [":scheme", "http"],
    ...more,
  ]);

/** The name of the route that a request takes, "" for none. */
function taken(router: HttpRouter, headers: HeaderMap): string {
  return router.match(headers, connection)?.route.name ?? "";
}

const commands: RouteContext = {
  command: (name, reply) =>
    name === "REQ(:path)"
      ? "/p"
      : name === "RESP(location)"
        ? (reply?.headers.get("location") ?? null)
        : null,
};

function send(
  router: HttpRouter,
  headers: HeaderMap,
): { answers: Answer[]; responses: HeaderMap[] } {
  const answers: Answer[] = [];
  const responses: HeaderMap[] = [];
  const sink: RouterSink = {
    headers: (got) => responses.push(got),
    data() {},
    trailers() {},
    reset() {},
    pause() {},
    resume() {},
    interim() {},
    connected() {},
    answer: (answer) => answers.push(answer),
  };
  const matched = router.match(headers, connection);
  assert.ok(matched !== null);
  router.send(matched, headers, true, sink, commands);
  return { answers, responses };
}

test("a domain is found as the exact name, the longest suffix, the longest prefix, then the star", () => {
  const domains = ["*", "a.test", "*.test", "*.b.test", "a.*", "a.b.*", "p.test:8080"];
  const { router } = routerOf(domains.map((domain) => host([domain], [route({}, domain)])));
  const cases: readonly (readonly [string, string])[] = [
    ["a.test", "a.test"],
    ["A.TEST", "a.test"],
    ["x.test", "*.test"],
    ["x.b.test", "*.b.test"],
    ["a.org", "a.*"],
    ["a.b.org", "a.b.*"],
    [".test", "*"],
    ["a.test:80", "a.*"],
    ["p.test:8080", "p.test:8080"],
    ["else", "*"],
  ];
  for (const [authority, expected] of cases)
    assert.equal(taken(router, request("/", [], authority)), expected, authority);
});

test("the first route that matches wins, the path without its query", () => {
  const { router } = routerOf([
    host(
      ["*"],
      [
        route({ path: { kind: "path", value: "/exact" } }, "exact"),
        route({ path: { kind: "path-separated-prefix", value: "/api" } }, "api"),
        route({ path: { kind: "prefix", value: "/LOUD" }, caseSensitive: false }, "loud"),
        route({ path: { kind: "regex", pattern: "/item/[0-9]+" } }, "item"),
        route({ path: { kind: "prefix", value: "/pre" } }, "pre"),
      ],
    ),
  ]);
  const cases: readonly (readonly [string, string])[] = [
    ["/exact", "exact"],
    ["/exact?q=1", "exact"],
    ["/exact/", ""],
    ["/api", "api"],
    ["/api/x", "api"],
    ["/apix", ""],
    ["/loud/er", "loud"],
    ["/item/12?x", "item"],
    ["/item/12/x", ""],
    ["/prefix", "pre"],
    ["/?/pre", ""],
  ];
  for (const [path, expected] of cases) assert.equal(taken(router, request(path)), expected, path);
});

test("header tests: a missing header fails all but `present`, inverted or not; of several one is enough", () => {
  const base = { name: "x", invert: false, treatMissingAsEmpty: false };
  const exact = {
    kind: "string",
    match: { kind: "exact", value: "1", ignoreCase: false },
  } as const;
  const range = { kind: "range", from: 5, to: 10 } as const;
  const rows: readonly (readonly [RouteMatch["headers"][number], readonly Pair[], boolean])[] = [
    [{ ...base, test: exact }, [["x", "1"]], true],
    [{ ...base, test: exact }, [], false],
    [{ ...base, test: exact, invert: true }, [], false],
    [{ ...base, test: exact, invert: true, treatMissingAsEmpty: true }, [], true],
    [{ ...base, test: exact, invert: true }, [["x", "2"]], true],
    [
      { ...base, test: exact },
      [
        ["x", "2"],
        ["x", "1"],
      ],
      true,
    ],
    [
      { ...base, test: exact, invert: true },
      [
        ["x", "2"],
        ["x", "1"],
      ],
      false,
    ],
    [
      { ...base, name: "host", test: { kind: "string", match: { ...exact.match, value: "a" } } },
      [],
      true,
    ],
    [{ ...base, test: { kind: "present", present: true } }, [["x", ""]], true],
    [{ ...base, test: { kind: "present", present: false } }, [], true],
    [{ ...base, test: { kind: "present", present: true }, invert: true }, [], true],
    [{ ...base, test: range }, [["x", "5"]], true],
    [{ ...base, test: range }, [["x", "10"]], false],
    [{ ...base, test: range }, [["x", "seven"]], false],
  ];
  for (const [match, pairs, expected] of rows) {
    const { router } = routerOf([host(["*"], [route({ headers: [match] }, "hit")])]);
    assert.equal(
      taken(router, request("/", pairs)),
      expected ? "hit" : "",
      JSON.stringify([match, pairs]),
    );
  }
});

test("query parameters, gRPC and fractions decide too", () => {
  const value = { kind: "exact", value: "1", ignoreCase: false } as const;
  const { router } = routerOf(
    [
      host(
        ["*"],
        [
          route({ query: [{ name: "a", match: value }] }, "value"),
          route({ query: [{ name: "b", match: null }] }, "there"),
          route({ grpcOnly: true }, "grpc"),
          route({ fraction: 400_000 }, "some"),
          route({ fraction: 600_000 }, "more"),
        ],
      ),
    ],
    () => 0.5,
  );
  assert.equal(taken(router, request("/?a=1")), "value");
  assert.equal(taken(router, request("/?a=2&b")), "there");
  assert.equal(taken(router, request("/", [["content-type", "application/grpc+proto"]])), "grpc");
  assert.equal(taken(router, request("/", [["content-type", "application/grpc-web"]])), "more");
});

test("weighted clusters follow the random number, a cluster header its value", () => {
  const clusters = ["a", "b"].map((name, i) => ({
    name,
    weight: i === 0 ? 3 : 1,
    headers: none,
    perFilter: {},
  }));
  let number = 0;
  const { router } = routerOf(
    [
      host(
        ["*"],
        [
          route(
            { path: { kind: "prefix", value: "/h" } },
            forward("x", { clusters: [], clusterHeader: "X-To" }),
          ),
          route({}, forward("x", { clusters })),
        ],
      ),
    ],
    () => number,
  );
  const chosen = (path: string, more: readonly Pair[] = []): string | undefined =>
    router.match(request(path, more), connection)?.cluster?.name;
  assert.equal(chosen("/"), "a");
  number = 0.74;
  assert.equal(chosen("/"), "a");
  number = 0.76;
  assert.equal(chosen("/"), "b");
  assert.equal(chosen("/h", [["x-to", "named"]]), "named");
});

test("a path is rewritten with its query kept and its old form noted", () => {
  const regexRewrite = { pattern: "^/v([0-9])/(.*)$", substitution: "/\\2/of/\\1" };
  const { router, sent } = routerOf([
    host(
      ["*"],
      [
        route(
          { path: { kind: "prefix", value: "/old" } },
          forward("p", { prefixRewrite: "/new", hostRewrite: "b.test" }),
        ),
        route({ path: { kind: "prefix", value: "/v" } }, forward("r", { regexRewrite })),
      ],
    ),
  ]);
  send(router, request("/old/x?q=1"));
  send(router, request("/v2/things?q"));
  assert.deepEqual(
    sent.map(({ headers }) => headers.get(":path")),
    ["/new/x?q=1", "/things/of/2?q"],
  );
  assert.equal(sent[0]!.headers.get(":authority"), "b.test");
  assert.equal(sent[0]!.headers.get("x-envoy-original-path"), "/old/x?q=1");
});

test("headers are edited by route, then by host, with commands, on requests and responses", () => {
  const set = (
    name: string,
    value: string,
    how: Extract<HeaderEdit, { kind: "set" }>["how"] = "append",
  ): HeaderEdit => ({ kind: "set", name, value, how });
  const edits = {
    request: [
      set("x-p", "%REQ(:path)% 100%%"),
      set("x-none", "%REQ(nothing)%"),
      { kind: "remove", name: "X-Gone" },
      set(":path", "/evil"),
      set("x-o", "2", "overwrite-if-exists"),
      set("x-u", "ü"),
    ] as HeaderEdit[],
    response: [
      set("x-r", "1", "add-if-absent"),
      set("x-r", "2", "overwrite-or-add"),
    ] as HeaderEdit[],
  };
  const { router, sent } = routerOf([
    host(["*"], [route({}, "c", edits)], {
      headers: { request: [set("x-p", "host")], response: [] },
    }),
  ]);
  const { responses } = send(router, request("/", [["x-gone", "1"]]));
  const { headers, sink } = sent[0]!;
  assert.deepEqual(headers.all("x-p"), ["/p 100%", "host"]);
  for (const name of ["x-none", "x-gone", "x-o"]) assert.equal(headers.get(name), undefined, name);
  assert.equal(headers.get(":path"), "/");
  assert.equal(headers.get("x-u"), "\u00c3\u00bc", "one character a byte");
  sink.headers(HeaderMap.from([[":status", "200"]]), true);
  // Neither finds what the other has added, and what overwrites comes first.
  assert.deepEqual(responses[0]!.all("x-r"), ["2", "1"]);
});

test("redirects keep what they don't change", () => {
  const base = {
    kind: "redirect",
    status: 301,
    https: false,
    host: null,
    port: null,
    path: null,
    prefix: null,
    regex: null,
    stripQuery: false,
  } as const;
  const cases: readonly (readonly [Partial<Extract<RouteAction, { kind: "redirect" }>>, string])[] =
    [
      [{}, "http://a:80/old/x?q=1"],
      [{ https: true }, "https://a/old/x?q=1"],
      [{ host: "b.test" }, "http://b.test/old/x?q=1"],
      [{ port: 8080 }, "http://a:8080/old/x?q=1"],
      [{ path: "/there?own" }, "http://a:80/there?own"],
      [{ prefix: "/new", stripQuery: true }, "http://a:80/new/x"],
      [{ regex: { pattern: "x$", substitution: "y" } }, "http://a:80/old/y?q=1"],
    ];
  for (const [more, location] of cases) {
    const { router } = routerOf([
      host(["*"], [route({ path: { kind: "prefix", value: "/old" } }, { ...base, ...more })]),
    ]);
    const { answers } = send(router, request("/old/x?q=1", [], "a:80"));
    assert.equal(answers[0]!.status, 301);
    assert.deepEqual(answers[0]!.headers, [["location", location]]);
  }
});

test("direct responses, plain hosts that want TLS, and clusters that aren't there answer here", () => {
  const { router, sent } = routerOf([
    host(
      ["*"],
      [
        route(
          { path: { kind: "prefix", value: "/d" } },
          { kind: "direct", status: 418, body: "té" },
        ),
        route({ path: { kind: "prefix", value: "/n" } }, "absent"),
        route({ path: { kind: "prefix", value: "/e" } }, "empty"),
      ],
    ),
    host(["tls.test"], [route({}, "c")], { requireTls: true }),
  ]);
  const direct = send(router, request("/d")).answers[0]!;
  assert.equal(direct.status, 418);
  assert.equal(Buffer.from(direct.body).toString(), "té");
  const flags = ["/n", "/e"].map((path) => send(router, request(path)).answers[0]!.flags);
  assert.deepEqual(flags, ["NC", "UH"]);
  const moved = send(router, request("/x?y", [], "tls.test")).answers[0]!;
  assert.deepEqual([moved.status, moved.headers], [301, [["location", "https://tls.test/x?y"]]]);
  assert.equal(sent.length, 0);
});

test("expressions that RE2 refuses are refused, hostile paths cost linear time", () => {
  for (const pattern of ["(?=a)b", "(a)\\1", "a{1001}", "(", "((a{0,100}){0,10}){0,10}"]) {
    const bad = [host(["*"], [route({ path: { kind: "regex", pattern } }, "x")])];
    assert.throws(() => routerOf(bad), { code: "regex-refused" }, pattern);
  }
  const { router } = routerOf([
    host(["*"], [route({ path: { kind: "regex", pattern: "(/a+)+b" } }, "x")]),
  ]);
  const start = performance.now();
  assert.equal(taken(router, request(`/${"a".repeat(50_000)}`)), "");
  assert.ok(performance.now() - start < 2000);
});

test("rewrites: an empty prefix is none, a match by expression is the whole path, what is left must be a path", () => {
  const regex = (pattern: string, substitution: string): Partial<ForwardAction> => ({
    regexRewrite: { pattern, substitution },
  });
  const prefix = { kind: "prefix", value: "/p" } as const;
  const rows: readonly (readonly [
    RouteMatch["path"],
    Partial<ForwardAction>,
    string,
    string | null,
  ])[] = [
    [prefix, { prefixRewrite: "" }, "/p/a?b", "/p/a?b"],
    [prefix, { prefixRewrite: "/x" }, "/p/a?b", "/x/a?b"],
    [prefix, { prefixRewrite: "x" }, "/p/a?b", null],
    [{ kind: "regex", pattern: "/p/.*" }, { prefixRewrite: "/x" }, "/p/a?b", "/x?b"],
    [prefix, regex("/p", ""), "/p?b", "/p?b"],
    [prefix, regex("/p", ""), "/p/a?b", "/a?b"],
    [prefix, regex("^/p/", "x"), "/p/a", null],
    [prefix, regex("x*", "-"), "/p", null],
    [prefix, regex("a*$", "-"), "/p/caa", "/p/c-"],
  ];
  for (const [path, action, target, expected] of rows) {
    const { router, sent } = routerOf([host(["*"], [route({ path }, forward("c", action))])]);
    const { answers } = send(router, request(target));
    const at = JSON.stringify([path, action, target]);
    assert.equal(sent[0]?.headers.get(":path") ?? null, expected, at);
    const before = expected === target || expected === null ? undefined : target;
    assert.equal(sent[0]?.headers.get("x-envoy-original-path"), before, at);
    assert.deepEqual(
      answers.map(({ status }) => status),
      expected === null ? [400] : [],
    );
  }
});

test("a host that is rewritten is kept in a header", () => {
  const { router, sent } = routerOf([
    host(["*"], [route({}, forward("c", { hostRewrite: "new.test" }))]),
  ]);
  send(router, request("/", [], "old.test:81"));
  assert.equal(sent[0]!.headers.get(":authority"), "new.test");
  assert.equal(sent[0]!.headers.get("x-envoy-original-host"), "old.test:81");
});

test("answers that are made here have the route's edits too, which see what is being answered", () => {
  const edits: Route["headers"] = {
    request: [],
    response: [{ kind: "set", name: "x-by", value: "%RESP(location)%|", how: "append" }],
  };
  const redirect: RouteAction = {
    kind: "redirect",
    status: 301,
    https: false,
    host: "h",
    port: null,
    path: null,
    prefix: null,
    regex: null,
    stripQuery: false,
  };
  const seen: (string | undefined)[] = [];
  for (const action of [redirect, forward("absent"), forward("empty"), forward("c")]) {
    const { router, sent } = routerOf([host(["*"], [route({}, action, edits)])]);
    const { answers } = send(router, request("/"));
    sent[0]?.sink.reset("connect-failure");
    seen.push(answers[0]!.headers.find(([name]) => name === "x-by")?.[1]);
  }
  assert.deepEqual(seen, ["http://h/|", "|", "|", "|"]);
});

test("a redirect to TLS keeps the port and has no edits", () => {
  const edits: Route["headers"] = {
    request: [],
    response: [{ kind: "set", name: "x-by", value: "1", how: "append" }],
  };
  const { router } = routerOf([host(["*"], [route({}, "c", edits)], { requireTls: true })]);
  const { answers } = send(router, request("/x?y", [], "a:80"));
  assert.deepEqual(answers[0]!.headers, [["location", "https://a:80/x?y"]]);
});
