// The version of this package, as the stamp, `--version` and generated files name it.
import { readFileSync } from "node:fs";

const file = new URL("../../../package.json", import.meta.url);

/** The package's version, e.g. 0.1.0. */
export function version(): string {
  const parsed: unknown = JSON.parse(readFileSync(file, "utf8"));
  return (parsed as { version: string }).version;
}
