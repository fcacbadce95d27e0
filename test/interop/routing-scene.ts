// Routes of every kind and requests that take them: what the lab and a stock Envoy are both given. Tables only.

export interface Asked {
  readonly target: string;
  readonly method?: string;
  readonly headers?: readonly string[];
  readonly host?: string;
  readonly body?: string;
}

type Json = Readonly<Record<string, unknown>>;

const to = (more: Json = {}): Json => ({ route: { cluster: "a", ...more } });
const add = (key: string, value: string, action?: string): Json => ({
  header: { key, value },
  ...(action === undefined ? {} : { append_action: action }),
});
const regex = (pattern: string, substitution: string): Json => ({
  pattern: { regex: pattern },
  substitution,
});
const marked = (by: string): Json => ({ response_headers_to_add: [add("x-by", by)] });
const text = (value: string): Json => ({
  direct_response: { status: 200, body: { inline_string: value } },
});
const retry = (on: string, more: Json = {}): Json => ({ retry_policy: { retry_on: on, ...more } });
const told = {
  response_headers_to_add: [
    add("x-told", "%RESPONSE_CODE%|%RESP(location)%|%RESP(x-up)%|%RESPONSE_CODE_DETAILS%"),
  ],
};

const paths: readonly Json[] = [
  { match: { path: "/exact" }, ...to() },
  { match: { path: "/Case", case_sensitive: false }, ...to() },
  { match: { path_separated_prefix: "/sep" }, ...to() },
  { match: { path_separated_prefix: "/sepr" }, ...to({ prefix_rewrite: "/new" }) },
  { match: { safe_regex: { regex: "/re/[a-z]+(/\\d+)?" } }, ...to() },
  { match: { prefix: "/pre/" }, ...to({ prefix_rewrite: "/" }) },
  { match: { prefix: "/pre2" }, ...to({ prefix_rewrite: "/x" }) },
  { match: { prefix: "/pre3" }, ...to({ prefix_rewrite: "" }) },
  { match: { prefix: "/prq" }, ...to({ prefix_rewrite: "/y?z=1" }) },
  { match: { prefix: "/pci", case_sensitive: false }, ...to({ prefix_rewrite: "/ci" }) },
  { match: { path: "/ptx" }, ...to({ prefix_rewrite: "/other" }) },
  { match: { safe_regex: { regex: "/rxp/.*" } }, ...to({ prefix_rewrite: "/whole" }) },
  { match: { prefix: "/rw/" }, ...to({ regex_rewrite: regex("^/rw/(\\w+)(/.*)$", "\\2/of/\\1") }) },
  { match: { prefix: "/all" }, ...to({ regex_rewrite: regex("a", "b") }) },
  { match: { prefix: "/emp" }, ...to({ regex_rewrite: regex("x*$", "-") }) },
  { match: { prefix: "/gone" }, ...to({ regex_rewrite: regex("/gone", "") }) },
  { match: { prefix: "/hostl" }, ...to({ host_rewrite_literal: "new.test:81" }) },
  { match: { prefix: "/hosta" }, ...to({ auto_host_rewrite: true }) },
  { match: { prefix: "/ch" }, route: { cluster_header: "X-Cluster" }, ...told },
];

const matched = (prefix: string, by: string, ...headers: readonly Json[]): Json => ({
  match: { prefix, headers },
  ...to(),
  ...marked(by),
});
const queried = (by: string, name: string, how: Json): Json => ({
  match: { prefix: "/q", query_parameters: [{ name, ...how }] },
  ...to(),
  ...marked(by),
});
const exact = (value: string): Json => ({ string_match: { exact: value } });

const matches: readonly Json[] = [
  matched("/h1", "exact", { name: "x-a", ...exact("1") }),
  matched("/h1", "prefix", { name: "x-a", string_match: { prefix: "P", ignore_case: true } }),
  matched("/h1", "range", { name: "x-a", range_match: { start: -5, end: 10 } }),
  matched("/h1", "present", { name: "x-a", present_match: true }),
  matched("/h1", "invert", { name: "x-m", ...exact("q"), invert_match: true }),
  matched("/h1", "empty", { name: "x-e", ...exact(""), treat_missing_header_as_empty: true }),
  matched("/h2", "joined", { name: "accept", ...exact("a,b") }),
  matched("/h2", "contains", { name: "x-m", string_match: { contains: "a,b" } }),
  matched("/h3", "method", { name: ":method", ...exact("POST") }),
  matched("/h3", "host", { name: "host", ...exact("h.test") }),
  matched("/h3", "absent", { name: "x-m", present_match: false }),
  queried("q1", "a", exact("1")),
  queried("qb", "b", { present_match: true }),
  { match: { prefix: "/grpc", grpc: {} }, ...to(), ...marked("grpc") },
];

const answers: readonly Json[] = [
  { match: { prefix: "/r1" }, redirect: { path_redirect: "/np" }, ...told },
  { match: { prefix: "/r2" }, redirect: { path_redirect: "/np?k=v", response_code: "FOUND" } },
  { match: { prefix: "/r3" }, redirect: { prefix_rewrite: "/np", response_code: "SEE_OTHER" } },
  { match: { prefix: "/r4" }, redirect: { https_redirect: true } },
  { match: { prefix: "/r5" }, redirect: { host_redirect: "h.test", strip_query: true } },
  { match: { prefix: "/r6" }, redirect: { port_redirect: 8443, https_redirect: true } },
  { match: { prefix: "/r7" }, redirect: { scheme_redirect: "https", host_redirect: "h.test:99" } },
  { match: { prefix: "/r8" }, redirect: { regex_rewrite: regex("^/r8/(.*)$", "/z/\\1") } },
  { match: { prefix: "/d1" }, ...text("hello"), ...told },
  {
    match: { prefix: "/d2" },
    ...text("typed"),
    response_headers_to_add: [add("content-type", "text/html")],
  },
];

const edits: readonly Json[] = [
  {
    match: { prefix: "/e1" },
    ...to(),
    request_headers_to_add: [
      add("x-a", "1"),
      add("x-a", "2", "OVERWRITE_IF_EXISTS_OR_ADD"),
      add("x-b", "%REQ(x-gone)%|", "ADD_IF_ABSENT"),
      add("x-b", "c", "ADD_IF_ABSENT"),
      add("x-c", "3", "OVERWRITE_IF_EXISTS"),
      add("x-p", "%REQ(:path)%|%REQ(x-a)%|%REQ(nope?:method)%|100%%"),
    ],
    request_headers_to_remove: ["x-gone", "x-b"],
    response_headers_to_remove: ["x-up-gone"],
    ...told,
  },
  {
    match: { prefix: "/w0" },
    route: {
      weighted_clusters: {
        clusters: [
          { name: "a", weight: 0 },
          { name: "b", weight: 5, request_headers_to_add: [add("x-w", "b")] },
        ],
      },
    },
    request_headers_to_add: [add("x-w", "route")],
  },
  { match: { prefix: "/none" }, route: { cluster: "none" }, ...told },
  { match: { prefix: "/dead" }, route: { cluster: "dead" } },
  { match: { prefix: "/t5xx" }, ...to(retry("5xx", { num_retries: 2 })) },
  { match: { prefix: "/tgw" }, ...to(retry("gateway-error")) },
  { match: { prefix: "/t409" }, ...to(retry("retriable-4xx")) },
  { match: { prefix: "/treset" }, ...to(retry("reset")) },
  { match: { prefix: "/tconn" }, ...to(retry("connect-failure")) },
  { match: { prefix: "/tdead" }, route: { cluster: "dead", ...retry("connect-failure") } },
  { match: { prefix: "/tzero" }, ...to(retry("5xx", { num_retries: 0 })) },
  { match: { prefix: "/late" }, ...to({ timeout: "0.2s" }), ...told },
  { match: { prefix: "/idle" }, ...to({ idle_timeout: "0.2s" }) },
  { match: { prefix: "/try" }, ...to(retry("5xx", { per_try_timeout: "0.2s" })) },
  { match: { prefix: "/plain" }, ...to() },
];

const vhost = (name: string, ...domains: readonly string[]): Json => ({
  name,
  domains,
  routes: [{ match: { prefix: "/" }, ...text(name) }],
});

/** The virtual hosts of both. */
export const virtualHosts: readonly Json[] = [
  { name: "main", domains: ["*"], routes: [...paths, ...matches, ...answers, ...edits] },
  vhost("exact", "b.vh"),
  vhost("suffix", "*.b.vh"),
  vhost("longer suffix", "*.x.b.vh"),
  vhost("prefix", "pre.*"),
  vhost("port", "c.vh:8080"),
  { ...vhost("tls", "tls.vh", "tls.vh:80"), require_tls: "ALL", ...marked("tls") },
  {
    name: "retry",
    domains: ["retry.vh"],
    ...retry("5xx", { num_retries: 3 }),
    routes: [
      { match: { prefix: "/own" }, ...to(retry("connect-failure")) },
      { match: { prefix: "/" }, ...to() },
    ],
  },
];

const targets =
  "/exact /exact?x=1 /exact/ /Exact /CASE /case?Q /sep /sep/ /sep/x?y /sepx /sepr /sepr/ /sepr/a?b=c /re/abc " +
  "/re/abc/12?q=/re/ /re/abc/ /pre/ /pre/a/b?c /pre /pre2 /pre2abc?d /pre3/abc /pre3 /prq/a?b=c /PCI/abc /ptx?q=1 " +
  "/rxp/a?b /rw/one/two?x=/rw/a/b /rw/one /all/banana?a=a /empx /gone /gone?x /gone/on /hostl /hosta /ch /nowhere / " +
  "//exact /exact/../plain /%65xact /plain%2Fb /plain? /plain;x=1 /d1 /d2 /e1 /w0 /none /dead /tdead /q /q?a=1 /q?a=2 " +
  "/q?a=2&a=1 /q?b /q?b= /q?xb=1 /q?a=%31 /q?&&a=1 /late/hang/9/1 /idle/hang/9/2 /try/hang/1/3 /try/hang/9/4";
const lines: readonly (readonly string[])[] = [
  ...["x-a: 1", "x-a: pQ", "x-a: 9", "x-a: 10", "x-a: -5", "x-a: ", "x-a: +5"].map((one) => [one]),
  ...[["x-m: z"], ["x-m: q"], ["x-a: 2", "x-a: 1"], ["x-m: q", "x-m: z"], ["x-e: x"], []],
];
const passing =
  "x-forwarded-for: 1.2.3.4|x-forwarded-proto: https|x-envoy-retry-on: 5xx|x-envoy-max-retries: 3|te: trailers|te: gzip|" +
  "x-request-id: mine|x-a_b: 1|x-envoy-internal: true|keep-alive: timeout=5|x-envoy-original-path: /z|via: 1.1 x|" +
  "x-envoy-upstream-rq-timeout-ms: 9|x-envoy-force-trace: 1|x-envoy-attempt-count: 9|server: x|upgrade: h2c";
const hosts = "b.vh B.VH x.b.vh y.x.b.vh b.vh:80 pre.x pre. c.vh:8080 c.vh:80 tls.vh tls.vh:80";
const fates = ["500", "502", "503", "409", "404", "reset", "close"];

/** What is asked of both, one after the other. A path `/ROUTE/FATE/COUNT/…` fails so many times, then is answered. */
export const asks: readonly Asked[] = [
  ...targets.split(" ").map((target) => ({ target })),
  ...lines.map((headers) => ({ target: "/h1", headers })),
  { target: "/h2", headers: ["accept: a", "accept: b"] },
  { target: "/h2", headers: ["x-m: a", "x-m: b"] },
  { target: "/h2", headers: ["x-m: a,b"] },
  { target: "/h3", method: "POST", body: "x" },
  { target: "/h3", host: "h.test" },
  { target: "/h3", headers: ["x-m: 1"] },
  ...["a", "b", "nope", ""].map((name) => ({ target: "/ch", headers: [`x-cluster: ${name}`] })),
  ...["application/grpc", "application/grpc+x", "application/grpc-web", "text/plain"].map(
    (type) => ({ target: "/grpc", headers: [`content-type: ${type}`] }),
  ),
  ...[1, 2, 3, 4, 5, 6, 7, 8].flatMap((n) => [
    { target: `/r${n}/tail?x=1&y=2` },
    ...["a.test:80", "a.test:443", "[::1]:8080"].map((host) => ({ target: `/r${n}`, host })),
  ]),
  { target: "/d1", method: "HEAD" },
  { target: "/d1", method: "POST", body: "abc" },
  { target: "/e1", headers: ["x-a: 0", "x-gone: g", "x-b: own", "x-c: 1", "x-c: 2"] },
  ...["t5xx", "tgw", "t409", "treset", "tconn", "tzero"].flatMap((route) =>
    fates.flatMap((fate) => [1, 9].map((count) => ({ target: `/${route}/${fate}/${count}/r` }))),
  ),
  { target: "/t5xx/500/1/post", method: "POST", body: "abc" },
  { target: "/any/500/2/z", host: "retry.vh" },
  { target: "/own/500/1/z", host: "retry.vh" },
  ...["OPTIONS", "DELETE", "PUT", "TRACE", "PROPFIND"].map((method) => ({
    target: "/plain",
    method,
  })),
  { target: "*", method: "OPTIONS" },
  ...["http://other.test/plain?x", "http://b.vh/x", "http://a.test"].map((target) => ({ target })),
  ...hosts.split(" ").map((host) => ({ target: "/vh?x", host })),
  ...passing.split("|").map((header) => ({ target: "/plain/hdr", headers: [header] })),
];
