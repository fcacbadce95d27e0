// What fixtures answer where a toolchain is missing. That they build is test/interop's concern.
import assert from "node:assert/strict";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, before, test } from "node:test";
import { Failure } from "../src/errors/failure.ts";
import { fixture, fixtureNames } from "./fixtures.ts";
import { cacheFolder } from "./toolchains.ts";

const { PATH, CI } = process.env;
let empty = "";

before(async () => {
  empty = await mkdtemp(join(tmpdir(), "glovebox-none-"));
});

after(() => rm(empty, { recursive: true }));

afterEach(() => {
  restore("PATH", PATH);
  restore("CI", CI);
});

function restore(name: string, value: string | undefined): void {
  if (value === undefined) delete process.env[name];
  else process.env[name] = value;
}

for (const name of fixtureNames) {
  test(`${name} says why it cannot be built on a machine without its toolchain`, async () => {
    process.env.PATH = empty;
    delete process.env.CI;
    const built = await fixture(name, { cache: empty, fetch: false });
    assert.ok("missing" in built);
    assert.match(built.missing, /^(there is no|python3 has no|rustc has no|the older SDK)/);
    assert.deepEqual(await readdir(empty), []);
  });
}

test("in CI a missing toolchain is a failure", async () => {
  process.env.PATH = empty;
  process.env.CI = "true";
  await assert.rejects(fixture("go-json", { cache: empty, fetch: false }), (error: unknown) => {
    assert.ok(error instanceof Failure);
    assert.equal(error.code, "fixture-not-built");
    assert.match(error.message, /go-json.*there is no go/);
    return true;
  });
});

test("a name that is no fixture is refused, also when it is a sample", async () => {
  for (const name of ["nothing", "auth"]) {
    await assert.rejects(fixture(name), (error: unknown) => {
      return error instanceof Failure && error.code === "plugin-unknown";
    });
  }
});

test("the cache is where the environment says, else in the user's cache folder", () => {
  assert.equal(cacheFolder({ GLOVEBOX_CACHE: "/somewhere" }), "/somewhere");
  assert.equal(cacheFolder({ XDG_CACHE_HOME: "/xdg" }), join("/xdg", "glovebox"));
  assert.match(cacheFolder({}), /\.cache[\\/]glovebox$/);
});
