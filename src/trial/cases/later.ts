// Rows whose mechanism is not there yet. They are printed and counted, and never count as held.
import type { Case } from "../case.ts";

export const meshTelemetry: Case = {
  id: "telemetry",
  table: "expected-behaviour",
  signal: "Plugin telemetry",
  measurement: "a plugin's counters in the proxy's own statistics",
  notYet: "hardened modules do not report their counters to the proxy's statistics yet",
};
