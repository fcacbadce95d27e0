// Who gets credentials, and who doesn't: challenges, tokens, redirects, addresses.
import assert from "node:assert/strict";
import type { LookupFunction } from "node:net";
import { after, test } from "node:test";
import { parseReference, type UrlReference } from "../../src/net/reference.ts";
import type { Credentials } from "../../src/oci/credentials.ts";
import { fetchUrl, openRegistry } from "../../src/oci/remote.ts";
import { FakeRegistry, type Seen } from "./fake-registry.ts";
import { codeOf, type TestOptions, testRemote } from "./remote.ts";

const registry = await FakeRegistry.start();
const other = await FakeRegistry.start();
after(() => Promise.all([registry.stop(), other.stop()]));

const user: Credentials = { kind: "basic", user: "me", password: "secret:1" };
const basic = `Basic ${Buffer.from("me:secret:1").toString("base64")}`;

/** A registry that wants what `wants` says, with its token service at `realm`. */
function guarded(wants: string, challenge: string, tokens: (seen: Seen) => object | null) {
  return (seen: Seen) => {
    if (seen.path.startsWith("/token")) {
      const answer = tokens(seen);
      return answer === null ? { status: 401 } : { status: 200, body: JSON.stringify(answer) };
    }
    if (seen.headers.authorization === wants) return undefined;
    return { status: 401, headers: { "www-authenticate": challenge } };
  };
}

const open = (options: TestOptions, from = registry) =>
  openRegistry({ registry: from.host, repository: "team/auth" }, testRemote(options));

const get = (options: TestOptions, from = registry) =>
  codeOf(open(options, from).getManifest("v1"));

test("basic credentials are sent when they are asked for, and not before", async () => {
  registry.intercept = guarded(basic, 'Basic realm="r"', () => null);
  const start = registry.seen.length;
  assert.equal(await get({ credentials: user }), "none");
  const sent = registry.seen.slice(start).map((one) => one.headers.authorization);
  assert.deepEqual(sent, [undefined, basic]);
  assert.equal(await get({}), "registry-login");
  assert.equal(
    await get({ credentials: { kind: "basic", user: "me", password: "x" } }),
    "registry-auth",
  );
});

test("a token is got from the realm, for the service and the scope that are named", async () => {
  const realm = `http://${registry.host}/token?x=1`;
  const challenge = `Bearer realm="${realm}",service="reg, istry",scope="repository:team/auth:pull"`;
  registry.intercept = guarded("Bearer t1", challenge, () => ({ token: "t1", expires_in: 300 }));
  const start = registry.seen.length;
  assert.equal(await get({ credentials: user }), "none");
  const asked = registry.seen.slice(start).find((one) => one.path.startsWith("/token"))!;
  const query = new URL(asked.path, "http://r").searchParams;
  assert.deepEqual(
    [query.get("x"), query.get("service"), query.get("scope"), asked.headers.authorization],
    ["1", "reg, istry", "repository:team/auth:pull", basic],
  );
  // Nobody's token, where nobody's credentials are known.
  registry.intercept = guarded("Bearer t1", challenge, (seen) =>
    seen.headers.authorization === undefined ? { access_token: "t1" } : null,
  );
  assert.equal(await get({}), "none");
});

test("writing asks for a token of its own, which can read as well", async () => {
  const challenge = (scope: string) =>
    `Bearer realm="http://${registry.host}/token",service="r",scope="${scope}"`;
  const scopes: string[][] = [];
  registry.intercept = (seen) => {
    if (seen.path.startsWith("/token")) {
      scopes.push(new URL(seen.path, "http://r").searchParams.getAll("scope"));
      return { status: 200, body: JSON.stringify({ token: `t${scopes.length}` }) };
    }
    const reads = seen.method === "GET" || seen.method === "HEAD";
    const good = reads ? ["Bearer t1", "Bearer t2"] : ["Bearer t2"];
    if (good.includes(seen.headers.authorization ?? "")) return undefined;
    const scope = `repository:team/auth:${reads ? "pull" : "pull,push"}`;
    return { status: 401, headers: { "www-authenticate": challenge(scope) } };
  };
  const store = open({ credentials: user });
  await store.putBlob(Buffer.from("blob"), "a/b");
  assert.deepEqual(scopes, [
    ["repository:team/auth:pull"],
    ["repository:team/auth:pull", "repository:team/auth:pull,push"],
  ]);
  await store.getManifest("v1");
  assert.equal(scopes.length, 2);
});

test("an identity token is exchanged by POST, and never put into a URL", async () => {
  const challenge = `Bearer realm="http://${registry.host}/token",service="r"`;
  registry.intercept = guarded("Bearer t1", challenge, (seen) => {
    const form = new URLSearchParams(Buffer.from(seen.body).toString());
    const fine = seen.method === "POST" && form.get("refresh_token") === "id";
    return fine && form.get("grant_type") === "refresh_token" ? { access_token: "t1" } : null;
  });
  const start = registry.seen.length;
  assert.equal(await get({ credentials: { kind: "identity", token: "id" } }), "none");
  assert.ok(registry.seen.slice(start).every((one) => !one.path.includes("id=")));
  assert.equal(await get({ credentials: { kind: "identity", token: "wrong" } }), "registry-auth");
  registry.intercept = guarded("Bearer given", challenge, () => null);
  assert.equal(await get({ credentials: { kind: "registry", token: "given" } }), "none");
});

test("a realm that must not be asked gets neither a request nor credentials", async () => {
  const public4 = "203.0.113.7";
  const resolve: LookupFunction = (_host, _options, done) =>
    done(null, [{ address: public4, family: 4 }] as never);
  const cases = [
    "not a url",
    "ftp://tokens.example/",
    "http://me:pw@tokens.example/",
    // A metadata service, whatever it is called.
    "http://169.254.169.254/latest",
    "http://[::ffff:169.254.169.254]/latest",
    "http://[fd00:ec2::254]/latest",
    // The registry is on loopback: a private network is none of its own.
    "http://10.0.0.1/token",
    "http://192.168.1.1/token",
    "http://[fc00::1]/token",
  ];
  for (const realm of cases) {
    registry.intercept = guarded("Bearer x", `Bearer realm="${realm}"`, () => null);
    const code = await get({ credentials: user, lookup: resolve });
    assert.equal(code, "registry-realm", realm);
  }
});

test("a name that resolves to a forbidden address is not called, also beside a good one", async () => {
  const answers = (addresses: readonly string[]): LookupFunction =>
    ((_host: string, _options: object, done: (error: null, found: unknown) => void) =>
      done(
        null,
        addresses.map((address) => ({ address, family: 4 })),
      )) as never;
  const store = (lookup: LookupFunction, blocked: readonly string[] = []) =>
    openRegistry(
      { registry: "registry.example", repository: "a/b" },
      testRemote({ lookup, blocked }),
    );
  const metadata = answers(["203.0.113.7", "169.254.169.254"]);
  assert.equal(await codeOf(store(metadata).getManifest("v1")), "registry-address");
  const blocked = answers(["198.51.100.9"]);
  const code = await codeOf(store(blocked, ["198.51.100.0/24"]).getManifest("v1"));
  assert.equal(code, "registry-address");
});

test("a redirect to another origin takes no credentials along", async () => {
  const body = Buffer.from("the module");
  let seen: Seen | undefined;
  other.intercept = (one) => {
    seen = one;
    return { status: 200, body };
  };
  registry.intercept = (one) =>
    one.headers.authorization === basic
      ? { status: 307, headers: { location: `http://${other.host}/cdn/blob?sig=1` } }
      : { status: 401, headers: { "www-authenticate": "Basic" } };
  const { digestOf } = await import("../../src/net/digest.ts");
  const descriptor = { digest: digestOf(body), size: body.length };
  const got = await open({ credentials: user }).getBlob(descriptor, 100);
  assert.deepEqual(Buffer.from(got), body);
  assert.equal(seen!.path, "/cdn/blob?sig=1");
  assert.equal(seen!.headers.authorization, undefined);
});

test("redirects that lead astray are not followed", async () => {
  const url = (text: string) => parseReference(text) as UrlReference;
  const follow = async (location: string, plainHttp = true) => {
    registry.intercept = () => ({ status: 302, headers: { location } });
    const remote = testRemote({ plainHttp });
    return codeOf(fetchUrl(url(`http://${registry.host}/a.wasm`), remote));
  };
  assert.equal(await follow("/a.wasm"), "registry-redirect");
  assert.equal(await follow("file:///etc/passwd"), "registry-redirect");
  assert.equal(await follow("http://me:pw@h.example/"), "registry-redirect");
  assert.equal(await follow("http://"), "registry-redirect");
  assert.equal(await follow("http://169.254.169.254/latest"), "registry-address");
  assert.equal(await follow("http://10.1.2.3/"), "registry-address");
  assert.equal(await follow("/a.wasm", false), "fetch-refused");
});

test("a password in a URL goes to its host alone, and is in no message", async () => {
  let sent: string | undefined;
  registry.intercept = (one) => {
    sent = one.headers.authorization;
    return { status: 404 };
  };
  const reference = parseReference(`http://me:secret%3A1@${registry.host}/a.wasm`) as UrlReference;
  await assert.rejects(
    fetchUrl(reference, testRemote()),
    (error: Error) => !error.message.includes("secret"),
  );
  assert.equal(sent, basic);
});

test("an upload's place at another host gets no credentials", async () => {
  const seen: Seen[] = [];
  other.intercept = (one) => {
    seen.push(one);
    return { status: 201 };
  };
  registry.intercept = (one) => {
    if (one.headers.authorization !== basic)
      return { status: 401, headers: { "www-authenticate": "Basic" } };
    return one.method === "POST"
      ? { status: 202, headers: { location: `http://${other.host}/upload?state=1` } }
      : undefined;
  };
  await open({ credentials: user }).putBlob(Buffer.from("x"), "a/b");
  assert.equal(seen.length, 1);
  assert.match(seen[0]!.path, /^\/upload\?state=1&digest=sha256/);
  assert.equal(seen[0]!.headers.authorization, undefined);
});
