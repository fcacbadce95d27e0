// A bootstrap's text → the lab's configuration, with every finding on the way. There is a configuration only where
// no finding is an error: whatever the lab would do differently from what is written is said before it starts.
import type { Finding } from "../../../errors/failure.ts";
import type { LabConfig } from "../lab-config.ts";
import { type ReadOptions, readEnvoy } from "../read/document.ts";
import { readAddress } from "./address.ts";
import { readCluster } from "./clusters.ts";
import { freezeConfig } from "./freeze-config.ts";
import { type Lab, type LabIo, pluginTable } from "./lab.ts";
import { readListener } from "./listeners.ts";
import { Picker, type Pickers, reportUnread } from "./picker.ts";
import { readLimits } from "./runtime.ts";

export interface LabReading {
  /** null where a finding is an error. Frozen throughout, but for bytes. */
  readonly config: LabConfig | null;
  /** In the order of the text. */
  readonly findings: readonly Finding[];
}

/** Envoy refuses two of one name. */
function checkNames(lab: Pick<Lab, "report">, what: string, named: readonly Picker[]): void {
  const names = new Set<string>();
  for (const one of named) {
    const name = one.text("name");
    if (name !== "" && names.has(name)) {
      lab.report.add("envoy-duplicate-name", "error", one.offset("name"), { what, name });
    }
    names.add(name);
  }
}

function readBootstrap(bootstrap: Picker, io: LabIo): LabConfig {
  const { report } = bootstrap;
  const statics = bootstrap.child("static_resources");
  const clusters = statics?.messages("clusters") ?? [];
  const listeners = statics?.messages("listeners") ?? [];
  const plugins = pluginTable();
  const names = new Set(clusters.map((one) => one.text("name")));
  const lab: Lab = { report, io, clusters: names, plugin: plugins.add };
  checkNames(lab, "clusters", clusters);
  checkNames(lab, "listeners", listeners);
  if (listeners.length === 0) {
    report.add("lab-no-listener", "error", (statics ?? bootstrap).offset("listeners"));
  }
  const node = bootstrap.child("node");
  const admin = readAddress(bootstrap.child("admin")?.child("address"));
  const article = bootstrap.child("runtime");
  const runtimes = [bootstrap, article].flatMap((one) => one?.child("layered_runtime") ?? []);
  return {
    node: { id: node?.text("id") ?? "", cluster: node?.text("cluster") ?? "" },
    clusters: clusters.map((one) => readCluster(lab, one)),
    listeners: listeners.flatMap((one) => readListener(lab, one) ?? []),
    plugins: plugins.list,
    admin: admin === undefined ? null : { address: admin },
    limits: readLimits(runtimes),
  };
}

/**
 * Reads an Envoy bootstrap for the lab. Throws a Failure only for what is no YAML or JSON, or too much of it (see
 * readText); everything else is a finding with line and column.
 */
export function readLabConfig(
  text: string,
  file: string,
  io: LabIo,
  options: Omit<ReadOptions, "type"> = {},
): LabReading {
  const { message, report } = readEnvoy(text, file, options);
  const pickers: Pickers = [];
  const config = readBootstrap(new Picker(message, report, pickers), io);
  reportUnread(pickers);
  const findings = report.findings();
  const refused = findings.some((one) => one.level === "error");
  return { config: refused ? null : freezeConfig(config), findings };
}
