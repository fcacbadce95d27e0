// Regular expressions of a configuration, by RE2's syntax and in linear time: an expression that backtracks would
// let whoever chooses a path stop a thread. What RE2 refuses (look-around, back-references, big repetitions) is
// refused here as in Envoy. The engine is loaded when the first expression is compiled.
import { createRequire } from "node:module";
import type { RE2JS } from "re2js";
import { fail } from "../../errors/failure.ts";
import { maxRegexSteps } from "../../spec/gateway-limits.ts";

export interface LinearRegex {
  /** Whether the whole text matches. */
  matches(text: string): boolean;
  /** Replaces every match; `\1` to `\9` and `\0` in the substitution name groups. */
  replace(text: string, substitution: string): string;
}

let engine: typeof RE2JS | null = null;

/** Throws the Failure `regex-refused`. */
export function compileRegex(pattern: string): LinearRegex {
  engine ??= (createRequire(import.meta.url)("re2js") as { RE2JS: typeof RE2JS }).RE2JS;
  let regex: RE2JS;
  try {
    regex = engine.compile(pattern);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return fail("regex-refused", { pattern, reason }, undefined, error);
  }
  const size = regex.programSize();
  if (size > maxRegexSteps) {
    return fail("regex-refused", { pattern, reason: `its program has ${size} steps` });
  }
  return {
    matches: (text) => regex.testExact(text),
    replace: (text, substitution) => {
      const matcher = regex.matcher(text);
      let out = "";
      let at = 0;
      let matched = false;
      while (matcher.find()) {
        // Nothing is no match where the last one ended.
        if (matched && matcher.end() === at) continue;
        matched = true;
        out += text.slice(at, matcher.start());
        out += substitution.replace(/\\(\d|\\)/g, (_, digit: string) => {
          if (digit === "\\") return "\\";
          const group = Number(digit);
          return group > matcher.groupCount() ? "" : (matcher.group(group) ?? "");
        });
        at = matcher.end();
      }
      return out + text.slice(at);
    },
  };
}
