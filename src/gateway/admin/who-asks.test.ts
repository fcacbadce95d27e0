// Which requests the admin answers, by the address they came to and by what browsers say of themselves.
import assert from "node:assert/strict";
import { test } from "node:test";
import { refusalOf } from "./who-asks.ts";

const asks = (
  headers: Record<string, string>,
  method = "GET",
  to: string | undefined = "127.0.0.1",
) => refusalOf({ method, to, headers });

test("an address of this machine answers to addresses and to localhost, whatever the port", () => {
  for (const host of [
    ...["127.0.0.1:9901", "localhost", "LOCALHOST:1", "a.localhost:80", "[::1]:9901", "[::1]"],
    ...["10.0.0.1", "localhost."],
  ]) {
    assert.equal(asks({ host }), null, host);
    assert.equal(asks({ host }, "POST", "::1"), null, host);
  }
  assert.equal(asks({}), null, "HTTP/1.0 names no host");
});

test("a name of somebody's domain gets nothing from an address of this machine, and everything from others", () => {
  for (const to of ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"]) {
    for (const host of ["evil.example:9901", "localhost.evil.example", "evillocalhost", "x:y:1"]) {
      assert.match(asks({ host }, "GET", to) ?? "", /ask by its address/, `${host} at ${to}`);
    }
  }
  assert.equal(asks({ host: "lab.default.svc:9901" }, "GET", "172.17.0.2"), null);
  assert.equal(
    refusalOf({ method: "POST", to: undefined, headers: { host: "anything" } }),
    null,
    "a pipe is no place of a browser's",
  );
});

test("what a page of another origin posts changes nothing; a page of the admin's own may", () => {
  const host = "127.0.0.1:9901";
  for (const headers of [
    { host, origin: "http://evil.example" },
    { host, origin: "null" },
    { host, origin: "http://127.0.0.1:80" },
    { host, "sec-fetch-site": "cross-site" },
    { host, origin: "http://127.0.0.1:9901", "sec-fetch-site": "same-site" },
  ]) {
    assert.match(asks(headers, "POST") ?? "", /another origin/, JSON.stringify(headers));
    assert.match(asks(headers, "POST", "172.17.0.2") ?? "", /another origin/);
    assert.equal(asks(headers), null, "reading is what browsers keep pages from by themselves");
  }
  assert.equal(
    asks({ host, origin: `http://${host}`, "sec-fetch-site": "same-origin" }, "POST"),
    null,
  );
  assert.equal(asks({ host, "sec-fetch-site": "none" }, "POST"), null);
});
