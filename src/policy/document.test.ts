import assert from "node:assert/strict";
import { test } from "node:test";
import { Failure } from "../errors/failure.ts";
import { renderFailure } from "../errors/render.ts";
import { parsePolicy } from "./document.ts";
import { MAX_BYTES } from "./read-yaml.ts";
import { type PolicyDocument, setting } from "./settings.ts";

const HEAD = "apiVersion: glovebox.dev/v1alpha1\nkind: PluginPolicy\nmetadata: { name: p }\n";

function parse(spec: string): PolicyDocument {
  return parsePolicy(HEAD + spec, "p.yaml");
}

/** The rendered failure of a text; asserts that it is a Failure and one line. */
function failure(text: string): string {
  try {
    parsePolicy(text, "p.yaml");
  } catch (error) {
    assert.ok(error instanceof Failure, String(error));
    const line = renderFailure(error);
    assert.doesNotMatch(line, /\n|\{\w+\}/);
    return line;
  }
  return assert.fail(`accepted: ${text.slice(0, 200)}`);
}

const refused = (spec: string) => failure(HEAD + spec);

test("sizes, counts and durations are read in every form that people write", () => {
  const document = parse(`spec:
  limits:
    memory: 64MiB
    stack: 256 KiB
    callDepth: 1_024
    fuel: { callback: 20_000_000, start: 500000000 }
    log: { bytesPerRequest: 4096 }
    host: { tick: 2s, sharedData: "1Mi" }
`);
  assert.equal(setting(document, "spec.limits.memory"), 64 * 2 ** 20);
  assert.equal(setting(document, "spec.limits.stack"), 256 * 1024);
  assert.equal(setting(document, "spec.limits.callDepth"), 1024);
  assert.equal(setting(document, "spec.limits.fuel.callback"), 20_000_000);
  assert.equal(setting(document, "spec.limits.fuel.start"), 500_000_000);
  assert.equal(setting(document, "spec.limits.log.bytesPerRequest"), 4096);
  assert.equal(setting(document, "spec.limits.host.tick"), 2000);
  assert.equal(setting(document, "spec.limits.host.sharedData"), 2 ** 20);
  assert.equal(setting(document, "spec.limits.fuel.mode"), undefined);
});

test("the same policy reads the same as JSON", () => {
  const json = {
    apiVersion: "glovebox.dev/v1alpha1",
    kind: "PluginPolicy",
    metadata: { name: "p" },
    spec: {
      limits: { memory: "1MiB", fuel: { callback: 5000 } },
      capabilities: { allow: ["proxy_log"] },
    },
  };
  const values = (document: PolicyDocument) =>
    [...document.settings].map(([path, one]) => [path, one.value]);
  const yaml = parse(
    "spec:\n  limits: { memory: 1MiB, fuel: { callback: 5_000 } }\n  capabilities: { allow: [proxy_log] }\n",
  );
  assert.deepEqual(values(parsePolicy(JSON.stringify(json, null, 2), "p.json")), values(yaml));
});

test("an unknown key is refused at its place, with the key that was probably meant", () => {
  const line = refused("spec:\n  limits:\n    memry: 64MiB\n");
  assert.equal(
    line,
    "error[policy-unknown-key]: there is no field spec.limits.memry (p.yaml:6:5). Did you mean spec.limits.memory?",
  );
  assert.match(refused("spec: { memory: 1MiB }\n"), /Did you mean spec\.limits\.memory\?/);
  assert.match(refused("extra: 1\n"), /Did you mean apiVersion or kind or metadata or spec\?/);
  assert.match(
    refused("spec: { source: { signedBy: [{ publickey: a }] } }\n"),
    /signedBy\.publickey .*signedBy\.publicKey\?/,
  );
  for (const word of ["__proto__", "constructor", "toString"])
    assert.match(refused(`spec: { ${word}: {} }\n`), /policy-unknown-key/);
});

test("a value of the wrong type is refused with what was expected and found", () => {
  const cases: [string, RegExp][] = [
    ["spec: 3\n", /spec must be a map, found 3/],
    ["spec:\n", /spec must be a map, found nothing/],
    [
      "spec: { limits: { memory: [1] } }\n",
      /spec\.limits\.memory must be a size such as .*, found a list/,
    ],
    ["spec: { limits: { memory: 64MB } }\n", /must be a size .*, found "64MB"/],
    ["spec: { limits: { memory: 64.5 } }\n", /must be a size .*, found 64\.5/],
    ["spec: { limits: { memory: .inf } }\n", /must be a size .*, found Infinity/],
    ["spec: { limits: { memory: -65536 } }\n", /between 64KiB and 4GiB, found -65536/],
    ["spec: { limits: { callDepth: 1e30 } }\n", /between 16 and 1_000_000/],
    ["spec: { limits: { callDepth: ten } }\n", /a whole number, found "ten"/],
    ["spec: { limits: { host: { tick: 100 } } }\n", /a duration such as 100ms or 5s, found 100/],
    ["spec: { telemetry: yes }\n", /true or false, found "yes"/],
    ["spec: { source: { sha256: abc } }\n", /64 lower-case hex digits, found "abc"/],
    ["spec: { dispatch: { clusters: a } }\n", /a list of texts, found "a"/],
    ["spec: { dispatch: { clusters: [[a]] } }\n", /a list of texts, found a list/],
    ["spec: { capabilities: { allow: [1] } }\n", /a list of names, found 1/],
    ['spec: { source: { url: "a\\nb" } }\n', /must be text/],
  ];
  for (const [spec, expected] of cases) assert.match(refused(spec), expected);
  assert.match(failure(HEAD.replace("name: p", "name: 'a b'")), /metadata\.name must be a name/);
  assert.match(failure("- a\n"), /policy must be a map, found a list/);
  assert.match(failure("? [a]\n: b\n"), /key must be a word, found a list/);
});

test("a number out of range is refused with the range", () => {
  assert.match(
    refused("spec: { limits: { memory: 65535 } }\n"),
    /spec\.limits\.memory must be between 64KiB and 4GiB, found 65535/,
  );
  assert.match(
    refused("spec: { limits: { fuel: { callback: 9007199254740993 } } }\n"),
    /between 1000 and 9_007_199_254_740_991/,
  );
  assert.match(
    refused("spec: { limits: { fuel: { callback: 99999999999999999999999999 } } }\n"),
    /policy-out-of-range/,
  );
  assert.equal(
    setting(
      parse("spec: { limits: { fuel: { callback: 9007199254740991 } } }\n"),
      "spec.limits.fuel.callback",
    ),
    Number.MAX_SAFE_INTEGER,
  );
});

test("a choice that is none is refused with the nearest one", () => {
  assert.match(
    refused("spec: { failure: close }\n"),
    /must be one of closed, open, reload, found "close" .*Did you mean closed\?/,
  );
  assert.match(refused("spec: { role: extrnal-auth }\n"), /Did you mean external-auth\?/);
  assert.match(
    failure(HEAD.replace("v1alpha1", "v2")),
    /apiVersion must be one of glovebox\.dev\/v1alpha1/,
  );
});

test("missing fields, doubled keys and contradictions are refused", () => {
  assert.match(failure("kind: PluginPolicy\nmetadata: { name: p }\n"), /apiVersion is missing/);
  assert.match(
    failure("apiVersion: glovebox.dev/v1alpha1\nkind: PluginPolicy\n"),
    /metadata\.name is missing/,
  );
  assert.match(
    refused("spec:\n  failure: open\n  failure: closed\n"),
    /failure is set twice \(p\.yaml:6:3\)/,
  );
  assert.match(refused('spec: {"failure": "open", failure: closed}\n'), /set twice/);
  assert.match(refused("spec: { capabilities: { allow: [], allow+: [] } }\n"), /policy-conflict/);
});

test("what is no single plain document is refused at its place", () => {
  assert.match(failure(""), /policy is empty/);
  assert.match(failure("# nothing\n"), /policy is empty/);
  assert.match(failure("null\n"), /policy is empty/);
  assert.match(failure("a: [1\n"), /policy-bad-yaml.*p\.yaml:\d+:\d+/);
  assert.match(failure("a: b: c\n"), /policy-bad-yaml.*p\.yaml:1:\d+/);
  assert.match(failure(`${HEAD}---\n${HEAD}`), /holds 2 documents.*p\.yaml:\d+:1/);
  assert.match(failure(`${HEAD}spec: &a {}\n`), /an anchor.*p\.yaml:4:\d+/);
  assert.match(failure(`${HEAD}spec: *a\n`), /policy-(anchor|bad-yaml)/);
  assert.match(failure(`${HEAD}spec: !!map {}\n`), /a tag/);
  assert.match(failure(`${HEAD}<<: {}\n`), /there is no field <</);
});

test("an alias bomb, a deep nest, a wide map and a huge file end quickly in one failure", () => {
  const started = performance.now();
  const bomb = [
    "a: &a [x,x]",
    ...Array.from(
      { length: 30 },
      (_, i) => `b${i}: &b${i} [${i === 0 ? "*a,*a" : `*b${i - 1},*b${i - 1}`}]`,
    ),
  ];
  assert.match(failure(bomb.join("\n")), /an anchor/);
  assert.match(failure("[".repeat(50_000)), /nested too deeply/);
  assert.match(
    refused(`spec: ${"[".repeat(40)}${"]".repeat(40)}\n`),
    /nested too deeply \(p\.yaml:4:\d+/,
  );
  assert.match(
    failure(Array.from({ length: 12_000 }, (_, i) => `k${i}: 1`).join("\n")),
    /there is no field k0/,
  );
  assert.match(failure("#".repeat(MAX_BYTES + 1)), /131073 bytes; at most 131072/);
  assert.ok(performance.now() - started < 20_000);
});

test("names of the article and of the draft ABI are translated and reported where they stand", () => {
  const document = parse(
    "spec:\n  capabilities:\n    allow: [proxy_log, proxy_dispatch_http_call, get_buffer, proxy_http_call]\n",
  );
  assert.deepEqual(setting(document, "spec.capabilities.allow"), [
    "proxy_log",
    "proxy_http_call",
    "proxy_get_buffer_bytes",
  ]);
  assert.deepEqual(
    document.warnings.map((one) => [one.code, one.level, one.where]),
    [
      ["policy-alias", "warning", { at: "file", file: "p.yaml", line: 6, column: 24 }],
      ["policy-alias", "warning", { at: "file", file: "p.yaml", line: 6, column: 50 }],
    ],
  );
  assert.match(
    document.warnings[1]!.message,
    /^get_buffer is no name .* read as proxy_get_buffer_bytes; for headers name/,
  );
});

test("Envoy's map form of a capability list is read too", () => {
  const document = parse("spec: { capabilities: { allow: { proxy_log: {}, fd_write: } } }\n");
  assert.deepEqual(setting(document, "spec.capabilities.allow"), ["proxy_log", "fd_write"]);
  assert.match(
    refused("spec: { capabilities: { allow: { proxy_log: { a: 1 } } } }\n"),
    /a list of names, found a map/,
  );
});

test("a name that no host knows is refused with the nearest one", () => {
  assert.match(
    refused("spec: { capabilities: { allow: [proxy_lgo] } }\n"),
    /no host has .*"proxy_lgo".*p\.yaml:4:\d+.*Nearest known name: proxy_log/,
  );
  assert.match(
    refused("spec: { capabilities: { allow: [env.proxy_log] } }\n"),
    /Nearest known name: proxy_log/,
  );
  assert.match(
    refused("spec: { capabilities: { allow: [wasi_snapshot_preview1.fd_write] } }\n"),
    /Nearest known name: fd_write/,
  );
  assert.match(refused("spec: { capabilities: { allow: [xyzzy] } }\n"), /Nearest known name: none/);
  assert.match(
    refused("spec: { capabilities: { allow: [__proto__] } }\n"),
    /policy-unknown-capability/,
  );
});

test("exports that hosts always need are reported, not taken for callbacks", () => {
  const document = parse(
    "spec: { capabilities: { allow: [malloc, proxy_abi_version_0_2_1, proxy_log] } }\n",
  );
  assert.deepEqual(setting(document, "spec.capabilities.allow"), ["proxy_log"]);
  assert.deepEqual(
    document.warnings.map((one) => one.code),
    ["policy-always-there", "policy-always-there"],
  );
});

test("a digest without quotes is taken as it is written", () => {
  const digits = "1".repeat(64);
  assert.equal(
    setting(parse(`spec: { source: { sha256: ${digits} } }\n`), "spec.source.sha256"),
    digits,
  );
  const zero = `${"0".repeat(60)}1e05`;
  assert.equal(
    setting(parse(`spec: { source: { sha256: ${zero} } }\n`), "spec.source.sha256"),
    zero,
  );
});
