// The outside world of a configuration under test: files by name, and one environment variable.
import type { LabIo } from "../../src/mesh/envoy/lab/lab.ts";

export function labIo(files: Readonly<Record<string, string>> = {}): LabIo {
  return {
    readFile: (path) => {
      const text = files[path];
      if (text === undefined) throw new Error("no such file");
      return new TextEncoder().encode(text);
    },
    env: (name) => (name === "TENANT" ? "payments" : undefined),
  };
}
