// The package's version, read from its package.json: stated there and nowhere else.
import { readFileSync } from "node:fs";

/** Works from dist/src/util in a checkout and in an installed package alike. */
export function version(): string {
  const text = readFileSync(new URL("../../../package.json", import.meta.url), "utf8");
  return (JSON.parse(text) as { version: string }).version;
}
