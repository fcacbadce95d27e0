// Whether an expression is one that Envoy's engine, RE2, takes. The lab runs the same language in linear time, so
// what is refused here is refused there too. The engine is loaded when the first expression is met.
import { createRequire } from "node:module";
import type { RE2JS } from "re2js";
import { maxRegexSteps } from "../../../spec/gateway-limits.ts";

let engine: typeof RE2JS | null = null;

/** What is wrong with a pattern, in words; null where nothing is. */
export function regexProblem(pattern: string): string | null {
  engine ??= (createRequire(import.meta.url)("re2js") as { RE2JS: typeof RE2JS }).RE2JS;
  try {
    const size = engine.compile(pattern).programSize();
    return size > maxRegexSteps ? `its program has ${size} steps` : null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
