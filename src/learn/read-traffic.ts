// A traffic file's text → requests, in whichever of the two forms it is.
import { fail } from "../errors/failure.ts";
import { readHar } from "./har.ts";
import { readLines } from "./json-lines.ts";
import type { Traffic } from "./traffic.ts";

/** The form is told by how the text begins. Throws a Failure at the place that is wrong. */
export function readTraffic(text: string, file: string): Traffic {
  const traffic = /^\s*\{\s*"log"\s*:/.test(text) ? readHar(text, file) : readLines(text, file);
  if (traffic.requests.length === 0) fail("traffic-empty", {}, { at: "file", file });
  return traffic;
}
