// Runtimes that a stock Envoy doesn't have.
import type { Rule } from "../rule.ts";

const builtIn = new Set(["", "envoy.wasm.runtime.v8", "envoy.wasm.runtime.null", "V8"]);
const optional = new Set(["envoy.wasm.runtime.wasmtime", "envoy.wasm.runtime.wamr"]);

export const runtimeMissing: Rule = {
  id: "runtime-missing",
  level: "error",
  looksAt: "every dialect that names a runtime",
  fix: null,
  summary: "a Wasm runtime that the proxy's build does not have",
  use: ({ runtime }, _, say) => {
    if (runtime === null || builtIn.has(runtime.value)) return;
    const name = runtime.value.slice(0, 60);
    if (optional.has(runtime.value)) {
      say(
        runtime.at,
        { name, what: "is in no official build of Envoy: only in one of your own" },
        { level: "warning" },
      );
    } else if (/wavm/i.test(runtime.value))
      say(runtime.at, { name, what: "was taken out of Envoy" });
    else say(runtime.at, { name, what: "is none that Envoy ever had" });
  },
};
