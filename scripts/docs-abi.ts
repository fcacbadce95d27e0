// docs/reference/abi-support.md as Markdown text, from the tables of src/spec: which part of the ABI our own host
// supports, how, and which file of the conformance matrix tries it.
import { caps } from "../src/host/caps.ts";
import {
  callbacksNotMade,
  functionNotes,
  subjectOf,
  versionDifferences,
} from "../src/spec/abi-support.ts";
import { callbacks } from "../src/spec/callbacks.ts";
import { foreignFunctions } from "../src/spec/foreign-functions.ts";
import { hostFunctions } from "../src/spec/host-functions.ts";
import { abis, code, page, table } from "./docs-pages.ts";

function matrixFile(name: string): string {
  const subject = subjectOf(name);
  return `[${subject}](../../test/abi/${subject}.ts)`;
}

const limits: Readonly<Record<string, number>> = caps;

/** A note with the host's limits put in; those that count bytes in their largest whole unit. */
function withLimits(note: string): string {
  return note.replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = limits[name];
    if (value === undefined) throw new Error(`no limit ${name}`);
    if (!name.endsWith("Bytes")) return value.toLocaleString("en");
    if (value % 2 ** 20 === 0) return `${value / 2 ** 20} MiB`;
    return value % 2 ** 10 === 0 ? `${value / 2 ** 10} KiB` : `${value} bytes`;
  });
}

function functionRows(module: "env" | "wasi"): string[][] {
  return hostFunctions
    .filter((row) => row.module === module)
    .map((row) => [
      code(row.name),
      abis(row),
      withLimits(functionNotes[row.name] ?? "as the reference host"),
      matrixFile(row.name),
    ]);
}

export function abiSupportPage(): string {
  const versions = ["0.1.0", "0.2.0", "0.2.1"] as const;
  return page(
    "ABI support",
    "What our own host (`trial`, `run`) does with a plugin that was built for proxy-wasm ABI 0.1.0, 0.2.0 or 0.2.1. The version is the one that the module's marker announces, and what it may import follows from it. Each function is used right, wrong and at its edges in the file named beside it, and in every phase with bad addresses and huge sizes in [everywhere](../../test/abi/everywhere.test.ts): what comes back is a status, never a trap.",
    "## What the versions change",
    table(
      ["", ...versions],
      versionDifferences.map(({ what, by }) => [what, ...versions.map((version) => by[version])]),
    ),
    "## Host functions",
    table(["Function", "ABI", "How", "Tried in"], functionRows("env")),
    "## WASI",
    "Under `wasi_unstable` and `wasi_snapshot_preview1`. Output is the log, clocks and randomness are the host's, there are no files and no sockets: each function answers the number that stock hosts answer.",
    table(["Function", "ABI", "How", "Tried in"], functionRows("wasi")),
    "## Foreign functions",
    table(
      ["Function", "Offered", "Argument", "Result"],
      foreignFunctions.map((row) => [
        code(row.name),
        row.offered ? "yes" : "no (NOT_FOUND)",
        row.argument === undefined ? "bytes" : fields(row.argument),
        row.result === undefined ? "bytes" : fields(row.result),
      ]),
    ),
    "## Callbacks",
    table(
      ["Export", "ABI", "Called"],
      callbacks
        .filter((row) => row.kind !== "abi")
        .map((row) => {
          const reason = callbacksNotMade[row.name];
          return [code(row.name), abis(row), reason === undefined ? "yes" : `no: ${reason}`];
        }),
    ),
  );
}

function fields(
  list: readonly { readonly number: number; readonly name: string; readonly type: string }[],
): string {
  return list.map(({ number, name, type }) => code(`${type} ${name} = ${number}`)).join(", ");
}
