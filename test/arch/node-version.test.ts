// The oldest Node is said in package.json; who has to say it without reading that file says the same.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

const read = (path: string): string =>
  readFileSync(new URL(`../../../${path}`, import.meta.url), "utf8");

interface Package {
  readonly engines?: { readonly node?: string };
}

test("the scripts, the lock file and the pages ask for the Node that package.json asks for", () => {
  const wanted = (JSON.parse(read("package.json")) as Package).engines!.node!;
  assert.match(wanted, /^>=\d+\.\d+\.\d+$/);
  const oldest = wanted.slice(2);
  const lock = JSON.parse(read("package-lock.json")) as { packages: Record<string, Package> };
  assert.equal(lock.packages[""]!.engines!.node, wanted);
  assert.ok(read("scripts/lib/node-version.mjs").includes(`"${oldest}"`));
  for (const page of ["README.md", "CONTRIBUTING.md"]) {
    assert.ok(read(page).includes(`Node ${oldest} or newer`), page);
  }
});

test("no package that is installed with it asks for a newer Node", () => {
  const { packages } = JSON.parse(read("package-lock.json")) as {
    packages: Record<string, Package & { readonly dev?: boolean }>;
  };
  const own = packages[""]!.engines!.node!.slice(2).split(".").map(Number);
  for (const [path, { engines, dev }] of Object.entries(packages)) {
    const asked = /^>=\s*(\d+)(?:\.(\d+))?(?:\.(\d+))?$/.exec(engines?.node ?? "");
    if (path === "" || dev === true || asked === null) continue;
    const theirs = asked.slice(1).map((part) => Number(part ?? 0));
    const first = theirs.findIndex((part, i) => part !== own[i]);
    assert.ok(first < 0 || theirs[first]! < own[first]!, `${path} needs ${engines!.node}`);
  }
});
