// The first thing every script loads: one clear line where this Node is too old to run the rest.
// It must not import anything, nor use syntax that an old Node can't parse.
// The version is that of package.json's engines; a test compares them.
const oldest = "20.18.1";
const [major, minor, patch] = oldest.split(".").map(Number);
const [ownMajor, ownMinor, ownPatch] = process.versions.node.split(".").map(Number);
if ((ownMajor - major || ownMinor - minor || ownPatch - patch) < 0) {
  console.error(
    `glovebox needs Node ${oldest} or newer; this is ${process.versions.node} (${process.execPath})`,
  );
  process.exit(5);
}
