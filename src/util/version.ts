// The version of this package, as the stamp, `--version` and generated files name it.
import { readFileSync } from "node:fs";

const file = new URL("../../../package.json", import.meta.url);

let known: string | undefined;

/** The package's version, e.g. 0.1.0. Read once: harden asks for it with every module. */
export function version(): string {
  known ??= (JSON.parse(readFileSync(file, "utf8")) as { readonly version: string }).version;
  return known;
}
