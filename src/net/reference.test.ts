// References: what each form means, and that nothing else passes for one.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Failure } from "../errors/failure.ts";
import { parseReference, shownRef, targetOf, withDigest } from "./reference.ts";

const hex = "ab".repeat(32);
const digest = `sha256:${hex}`;

const codeOf = (text: string): string => {
  try {
    parseReference(text);
    return "none";
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return error.code;
  }
};

test("each form of a reference is read into its parts", () => {
  const cases: readonly (readonly [string, object])[] = [
    ["plugin.wasm", { kind: "file", path: "plugin.wasm" }],
    ["./oci:plugin", { kind: "file", path: "./oci:plugin" }],
    ["C:\\plugins\\a.wasm", { kind: "file", path: "C:\\plugins\\a.wasm" }],
    ["https://e.example/a.wasm", { kind: "url", url: "https://e.example/a.wasm", digest: null }],
    [`https://e.example/a.wasm@${digest}`, { url: "https://e.example/a.wasm", digest }],
    ["https://e.example/@scope/a.wasm", { url: "https://e.example/@scope/a.wasm", digest: null }],
    [
      "oci://r.example:5000/team/auth:v1",
      { kind: "oci", registry: "r.example:5000", repository: "team/auth", tag: "v1", digest: null },
    ],
    ["oci://r.example/auth", { repository: "auth", tag: "latest" }],
    [`oci://r.example/auth@${digest}`, { tag: null, digest }],
    [`oci://r.example/auth:v1@${digest}`, { tag: "v1", digest }],
    ["oci://[::1]:5000/auth:v1", { registry: "[::1]:5000", tag: "v1" }],
    ["oci://docker.io/auth:v1", { registry: "docker.io", repository: "library/auth" }],
    ["oci-layout:dist", { kind: "oci-layout", folder: "dist", tag: null, digest: null }],
    ["oci-layout:a.b/c:v1", { folder: "a.b/c", tag: "v1" }],
    ["oci-layout:/a:b/c", { folder: "/a:b/c", tag: null }],
    [`oci-layout:dist@${digest}`, { folder: "dist", tag: null, digest }],
    ["oci-layout:user@host/dir:v1", { folder: "user@host/dir", tag: "v1" }],
    ["oci-layout:C:\\images:v1", { folder: "C:\\images", tag: "v1" }],
  ];
  for (const [text, expected] of cases) {
    const parsed = parseReference(text) as unknown as Record<string, unknown>;
    for (const [key, value] of Object.entries(expected)) assert.equal(parsed[key], value, text);
  }
});

test("what is no reference is refused by a code of its own", () => {
  const bad = [
    ...["", "a\nb", "a\0b", "oci://", "oci://host", "oci:///repo", "oci://host/", "oci://ho st/a"],
    ...[
      "oci://host/Upper",
      "oci://host/a//b",
      "oci://host/../b",
      "oci://host/a:",
      "oci://host/a:-x",
    ],
    ...[
      `oci://host/a@sha256:${hex}0`,
      `oci://host/a@sha512:${hex}`,
      `oci://host/a@${"AB".repeat(32)}`,
    ],
    ...["oci://user:pw@host/a", "oci://host:99999/a", "oci-layout:", "oci-layout::v1"],
    ...["oci-layout:d@sha256:12", "https://", "https://e.example/a@sha256:12"],
  ];
  for (const text of bad) assert.equal(codeOf(text), "ref-malformed", JSON.stringify(text));
  for (const text of ["ftp://h/a", "s3://bucket/a.wasm", "docker://h/a"]) {
    assert.equal(codeOf(text), "ref-scheme", text);
  }
});

test("a digest decides before a tag, and is what is pinned", () => {
  const both = parseReference(`oci://h.example/a:v1@${digest}`);
  assert.ok(both.kind === "oci");
  assert.equal(targetOf(both), digest);
  const plain = parseReference("oci://h.example/a:v1");
  assert.ok(plain.kind === "oci");
  assert.equal(targetOf(plain), "v1");
  assert.equal(withDigest(plain, `sha256:${hex}`), `oci://h.example/a:v1@${digest}`);
});

test("what is shown of a reference has no password and no query", () => {
  assert.equal(
    shownRef("https://me:secret@e.example/a.wasm?token=x"),
    "https://e.example/a.wasm?…",
  );
  assert.equal(shownRef(`https://e.example/a?sig=1@${digest}`), `https://e.example/a?…@${digest}`);
});
