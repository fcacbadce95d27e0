// What evidence may show of a name: words that somebody wrote into a program, and nothing that came in a request.
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  domainOf,
  keyPrefix,
  plainRequest,
  plainWords,
  propertyName,
  visible,
} from "./plain-name.ts";

test("words and short numbers stay, what may be a token becomes a star", () => {
  const rows = [
    ["sample_requests_total", "sample_requests_total"],
    ["user_8f3a9cde12_total", "user_*_total"],
    ["v1.2/requests", "v1.2/requests"],
    ["eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIx", "*.*"],
    ["requestCountTotal", "requestCountTotal"],
    ["4111111111111111", "*"],
    ["correcthorsebatterystaple", "*"],
    ["name=öäü", "name=*"],
    ["line\nfeed", "*"],
  ] as const;
  for (const [text, shown] of rows) assert.equal(plainWords(text), shown);
});

test("a path is shown without its query and without identifiers", () => {
  assert.equal(plainRequest("GET", "/geo?token=hunter2"), "GET /geo");
  assert.equal(plainRequest("GET", "/geo#hunter2"), "GET /geo");
  assert.equal(plainRequest("POST", "/users/550e8400-e29b-41d4/mail"), "POST /users/*-*-*/mail");
  assert.equal(plainRequest("G\u001b[2J", "/a\r\nreason: x"), "? /*: x");
  assert.ok(plainRequest("GET", `/${"a/".repeat(500)}`).length < 100);
});

test("of a key its first word is shown", () => {
  assert.equal(keyPrefix("session/tenant-a"), "session/*");
  assert.equal(keyPrefix("rate:10.0.0.1"), "rate:*");
  assert.equal(keyPrefix("counter"), "counter");
  assert.equal(keyPrefix("a1b2c3d4e5"), "*");
  assert.equal(keyPrefix(""), "");
});

test("of a domain its last two labels are shown", () => {
  assert.equal(domainOf("hunter2.evil.example."), "*.evil.example");
  assert.equal(domainOf("evil.example"), "evil.example");
  assert.equal(domainOf("a b"), "(no name)");
});

test("a property is shown by dots, anything else only where it is visible ASCII", () => {
  assert.equal(propertyName("request\0headers\0x-a\0"), "request.headers.x-a");
  assert.equal(propertyName("\u00ff\n"), "(a path that is no text)");
  assert.equal(visible("outbound|80||geo.svc", "(none)"), "outbound|80||geo.svc");
  assert.equal(visible("two words", "(none)"), "(none)");
  assert.equal(visible("x".repeat(201), "(none)"), "(none)");
});
