// Credential files of Docker and Podman, and the helpers that they name.
import assert from "node:assert/strict";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { after, test } from "node:test";
import { createKeychain } from "../../src/oci/credentials.ts";
import { codeOf } from "./remote.ts";

const scratch = mkdtempSync(join(tmpdir(), "glovebox-credentials-"));
after(() => rmSync(scratch, { recursive: true, force: true }));
let folders = 0;

function home(files: Readonly<Record<string, object | string>>): string {
  const folder = join(scratch, `home-${folders++}`);
  mkdirSync(folder, { recursive: true });
  for (const [path, content] of Object.entries(files)) {
    const file = join(folder, path);
    mkdirSync(join(file, ".."), { recursive: true });
    writeFileSync(file, typeof content === "string" ? content : JSON.stringify(content));
  }
  return folder;
}

const auth = (text: string) => ({ auth: Buffer.from(text).toString("base64") });
const env = (folder: string, more: Readonly<Record<string, string>> = {}) => ({
  HOME: folder,
  PATH: process.env.PATH ?? "",
  ...more,
});

async function found(
  variables: Readonly<Record<string, string>>,
  host: string,
  repository = "a/b",
) {
  const credentials = await createKeychain(variables)(host, repository);
  return credentials === null
    ? null
    : credentials.kind === "basic"
      ? `${credentials.user}/${credentials.password}`
      : `${credentials.kind} ${credentials.token}`;
}

test("Docker's file is read by every name that a registry has in it", async () => {
  const config = {
    auths: {
      "r.example": auth("me:pass:word"),
      "https://s.example/v1/": auth("s:1"),
      "https://t.example": { username: "t", password: "2" },
      "https://index.docker.io/v1/": auth("hub:3"),
      "u.example": { identitytoken: "refresh", ...auth("<token>:") },
      "v.example": { registrytoken: "bearer" },
    },
  };
  const folder = home({ ".docker/config.json": config });
  const variables = env(folder);
  assert.equal(await found(variables, "r.example"), "me/pass:word");
  assert.equal(await found(variables, "s.example"), "s/1");
  assert.equal(await found(variables, "t.example"), "t/2");
  assert.equal(await found(variables, "docker.io"), "hub/3");
  assert.equal(await found(variables, "u.example"), "identity refresh");
  assert.equal(await found(variables, "v.example"), "registry bearer");
  assert.equal(await found(variables, "example"), null);
  assert.equal(await found(variables, "r.example:5000"), null);
  assert.equal(
    await found(env(home({}), { DOCKER_CONFIG: join(folder, ".docker") }), "s.example"),
    "s/1",
  );
});

test("Podman's files are read too, the nearest entry first", async () => {
  const folder = home({
    "run/containers/auth.json": {
      auths: { "r.example": auth("host:1"), "r.example/team": auth("team:2") },
    },
    ".config/containers/auth.json": { auths: { "s.example": auth("s:3") } },
    "given.json": { auths: { "r.example": auth("given:4") } },
  });
  const variables = env(folder, { XDG_RUNTIME_DIR: join(folder, "run") });
  assert.equal(await found(variables, "r.example", "team/auth"), "team/2");
  assert.equal(await found(variables, "r.example", "other/auth"), "host/1");
  assert.equal(await found(variables, "s.example"), "s/3");
  const given = { ...variables, REGISTRY_AUTH_FILE: join(folder, "given.json") };
  assert.equal(await found(given, "r.example", "team/auth"), "given/4");
});

test("helpers are asked for the registry, by the rows that name them", async (t) => {
  if (process.platform === "win32") return t.skip("the helper of this test is a shell script");
  const script = `#!/bin/sh
read server
case "$server" in
  helped.example) echo '{"ServerURL":"x","Username":"h","Secret":"1"}' ;;
  token.example) echo '{"ServerURL":"x","Username":"<token>","Secret":"refresh"}' ;;
  none.example) echo 'credentials not found in native keychain'; exit 1 ;;
  broken.example) echo 'no json' ;;
  *) echo boom; exit 3 ;;
esac
`;
  const helpers = Object.fromEntries(
    ["helped", "token", "none", "broken", "failing"].map((name) => [`${name}.example`, "test"]),
  );
  const config = {
    credHelpers: { ...helpers, "path.example": "../../bin/sh", "missing.example": "nowhere" },
    auths: { "none.example": auth("file:2") },
  };
  const folder = home({ ".docker/config.json": config, "bin/docker-credential-test": script });
  chmodSync(join(folder, "bin/docker-credential-test"), 0o755);
  const variables = env(folder, { PATH: `${join(folder, "bin")}${delimiter}${process.env.PATH}` });
  assert.equal(await found(variables, "helped.example"), "h/1");
  assert.equal(await found(variables, "token.example"), "identity refresh");
  assert.equal(await found(variables, "none.example"), null);
  for (const name of ["broken", "failing", "path", "missing"]) {
    assert.equal(await codeOf(found(variables, `${name}.example`)), "credentials-helper", name);
  }
  const store = home({
    ".docker/config.json": { credsStore: "test", auths: { "none.example": auth("file:2") } },
  });
  const stored = { ...variables, HOME: store };
  assert.equal(await found(stored, "helped.example"), "h/1");
  assert.equal(await found(stored, "none.example"), "file/2");
});

test("a file that is damaged is said to be, and a given one must be there", async () => {
  for (const text of ["{", "[]", '"x"']) {
    const folder = home({ ".docker/config.json": text });
    assert.equal(await codeOf(found(env(folder), "r.example")), "credentials-file", text);
  }
  const bad = home({ ".docker/config.json": { auths: { "r.example": auth("nocolon") } } });
  assert.equal(await codeOf(found(env(bad), "r.example")), "credentials-file");
  const missing = createKeychain(env(home({})), join(scratch, "nowhere.json"));
  assert.equal(await codeOf(missing("r.example", "a")), "credentials-file");
});
