// The first thing every script loads: one clear line where this Node is too old to run the rest.
// It must not import anything, nor use syntax that an old Node can't parse.
const major = Number(process.versions.node.split(".")[0]);
if (major < 20) {
  console.error(
    `glovebox needs Node 20 or newer; this is ${process.versions.node} (${process.execPath})`,
  );
  process.exit(5);
}
