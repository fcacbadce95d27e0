// Envoy's string matchers as functions. Regular expressions of a configuration meet paths of strangers: they run
// in linear time only (see linear-regex.ts).
import type { StringMatch } from "../../mesh/envoy/lab-config.ts";
import { bytesText } from "./bytes-text.ts";
import { compileRegex } from "./linear-regex.ts";

export type StringTest = (text: string) => boolean;

/** Throws a Failure for a pattern that is refused. */
export function compileMatch(match: StringMatch): StringTest {
  if (match.kind === "regex") {
    const regex = compileRegex(match.pattern);
    return (text) => regex.matches(text);
  }
  const { kind, ignoreCase } = match;
  const plain = bytesText(match.value);
  const value = ignoreCase ? plain.toLowerCase() : plain;
  const test: (text: string) => boolean =
    kind === "exact"
      ? (text) => text === value
      : kind === "prefix"
        ? (text) => text.startsWith(value)
        : kind === "suffix"
          ? (text) => text.endsWith(value)
          : (text) => text.includes(value);
  return ignoreCase ? (text) => test(text.toLowerCase()) : test;
}
