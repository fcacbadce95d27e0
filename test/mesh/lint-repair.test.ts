// Repairs are changes of text: whatever is around them stays as it is, byte by byte, and where one can't be done
// without touching more, nothing is done.
import assert from "node:assert/strict";
import { test } from "node:test";
import { sourceOf } from "../../src/mesh/envoy/read/tree.ts";
import { unifiedDiff } from "../../src/mesh/lint/diff.ts";
import { applyEdits, blockEnd, insertAfter, reword } from "../../src/mesh/lint/edits.ts";
import type { LintFinding } from "../../src/mesh/lint/findings.ts";
import { repair } from "../../src/mesh/lint/repair.ts";
import type { Context } from "../../src/mesh/lint/rule.ts";
import { parseTargets } from "../../src/mesh/lint/targets.ts";
import { readFileText } from "../../src/mesh/read/read-file.ts";
import { rulePages } from "./rule-pages.ts";

const context: Context = { targets: parseTargets(undefined), module: () => null, policy: null };

const repaired = (text: string, safety: "safe" | "unsafe" = "safe") =>
  repair(readFileText("a.yaml", text), context, {
    safety,
    read: {},
    wanted: (all: readonly LintFinding[]) => all,
  });

const filter = (config: string) => `http_filters:
  - name: envoy.filters.http.wasm
    typed_config:
      "@type": type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm
      config:
        name: a
        failure_policy: FAIL_CLOSED
${config}        vm_config:
          vm_id: a
          code: { local: { filename: /a.wasm } }
`;

/** Before and after, of the repair alone. */
const pairs: readonly (readonly [string, string, string])[] = [
  [
    "a list in its key's own column becomes a map that is deeper",
    `        capability_restriction_config:
          allowed_capabilities:
          - proxy_log # why
          # of the request
          - proxy_on_request_headers
`,
    `        capability_restriction_config:
          allowed_capabilities:
            proxy_log: {} # why
          # of the request
            proxy_on_request_headers: {}
`,
  ],
  [
    "quotes around a name stay",
    `        capability_restriction_config:
          allowed_capabilities:
            "proxy_get_buffer": {}
            'proxy_on_request_headers': {}
`,
    `        capability_restriction_config:
          allowed_capabilities:
            "proxy_get_buffer_bytes": {}
            'proxy_on_request_headers': {}
`,
  ],
  [
    "names in braces are repaired in their braces",
    `        capability_restriction_config: { allowed_capabilities: { proxy_get_buffer: {}, proxy_on_tick: {} } }
`,
    `        capability_restriction_config: { allowed_capabilities: { proxy_get_buffer_bytes: {}, proxy_on_tick: {} } }
`,
  ],
  [
    "an alias beside its real name is left to a person, who sees both",
    `        capability_restriction_config:
          allowed_capabilities: { proxy_get_buffer: {}, proxy_get_buffer_bytes: {}, proxy_on_tick: {} }
`,
    `        capability_restriction_config:
          allowed_capabilities: { proxy_get_buffer: {}, proxy_get_buffer_bytes: {}, proxy_on_tick: {} }
`,
  ],
  [
    "callbacks come behind the last name and before the comment of what follows",
    `        capability_restriction_config:
          allowed_capabilities:
            proxy_log: {}
        # the machine
`,
    `        capability_restriction_config:
          allowed_capabilities:
            proxy_log: {}
            proxy_on_context_create: {}
            proxy_on_done: {}
            proxy_on_log: {}
            proxy_on_delete: {}
            proxy_on_vm_start: {}
            proxy_on_configure: {}
            proxy_on_tick: {}
            proxy_on_request_headers: {}
            proxy_on_request_body: {}
            proxy_on_request_trailers: {}
            proxy_on_response_headers: {}
            proxy_on_response_body: {}
            proxy_on_response_trailers: {}
            proxy_on_http_call_response: {}
        # the machine
`,
  ],
  [
    "an invented field goes with its block and its comment, and nothing else",
    `        # before
        resource_limits: # what we hope
          # inside
          memory: 1
        # after
`,
    `        # before
        # after
`,
  ],
];

for (const [what, before, after] of pairs) {
  test(what, () => {
    const { text, problem } = repaired(filter(before));
    assert.equal(problem, null);
    assert.equal(text, filter(after));
    const crlf = repaired(filter(before).replaceAll("\n", "\r\n"));
    assert.equal(crlf.text, filter(after).replaceAll("\n", "\r\n"));
  });
}

test("what stands in a text inside of YAML is repaired where it is its own lines, and left where it isn't", () => {
  const patch = (value: string) => `type: MeshProxyPatch
mesh: default
name: a
spec:
  targetRef: { kind: Dataplane, name: a }
  default:
    appendModifications:
      - httpFilter:
          operation: AddFirst
          value: ${value}
`;
  const inner = (flag: string) => `|
            name: wasm
            typed_config:
              "@type": type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm
              config: { name: a, vm_config: { vm_id: a, allow_precompiled: ${flag}, code: { local: { filename: a } } } }`;
  assert.equal(repaired(patch(inner("true"))).text, patch(inner("false")));
  const quoted = patch(
    JSON.stringify(
      inner("true")
        .slice(2)
        .replaceAll(/^ {12}/gm, ""),
    ),
  );
  const left = repaired(quoted);
  assert.deepEqual([left.text, left.problem], [quoted, null]);
});

test("edits that touch are not done", () => {
  const edit = (from: number, to: number) => ({ from, to, text: "x" });
  assert.equal(applyEdits("abc", [edit(0, 2), edit(1, 3)]), undefined);
  assert.equal(applyEdits("abc", [edit(1, 2), edit(0, 1)]), "xxc");
});

test("a place whose text isn't what it should be gets no edit", () => {
  const file = { name: "a", text: "a: b\n", source: sourceOf("a: b\n", "a") };
  assert.equal(reword(file, 3, "c", "d"), undefined);
  assert.equal(insertAfter(file, 3, ["x: 1"]), undefined);
  assert.deepEqual(insertAfter(file, 0, ["c: 1"]), { from: 5, to: 5, text: "c: 1\n" });
});

test("a block ends before the next line that is no deeper", () => {
  const text = "a:\n  b: 1\n\n  # of c\n  c:\n  - d\n  - e\nf: 1\n# end\n";
  assert.equal(blockEnd(text, 0), text.indexOf("f: 1"));
  assert.equal(blockEnd(text, text.indexOf("c:\n")), text.indexOf("f: 1"));
  assert.equal(blockEnd(text, text.indexOf("b: 1")), text.indexOf("b: 1") + 5);
  assert.equal(blockEnd("a: 1", 0), 4);
});

test("a diff gives the second text when it is applied to the first", () => {
  const before = "a\nb\nc\nd\ne\nf\ng\nh\ni\nj\nk";
  const after = "a\nB\nc\nd\ne\nf\ng\nh\ni\nj\nK\n";
  const diff = unifiedDiff("x", before, after);
  assert.equal(
    diff,
    "--- x\n+++ x\n@@ -1,5 +1,5 @@\n a\n-b\n+B\n c\n d\n e\n@@ -8,4 +8,4 @@\n h\n i\n j\n-k\n\\ No newline at end of file\n+K\n",
  );
  assert.equal(unifiedDiff("x", before, before), "");
});

test("whatever is repaired is read as before, and doing it again changes nothing", () => {
  let changed = 0;
  for (const { text } of rulePages().flatMap((page) => [...page.reported, ...page.notReported])) {
    for (const spelled of [text, text.replaceAll("\n", "\r\n"), `# first\n${text}# last\n`]) {
      const once = repaired(spelled, "unsafe");
      assert.equal(once.problem, null, spelled);
      if (once.text === spelled) continue;
      changed++;
      assert.equal(repaired(once.text, "unsafe").text, once.text);
      assert.equal(once.text.includes("\r\n"), spelled.includes("\r\n"));
      assert.doesNotMatch(once.text.replaceAll("\r\n", ""), spelled.includes("\r\n") ? /\n/ : /\r/);
    }
  }
  assert.ok(changed > 60, String(changed));
});
