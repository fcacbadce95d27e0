// How long a person waits for help: the command's start against Node's own.
import { fileURLToPath } from "node:url";
import { timedGood } from "./lib/process.ts";
import { type Report, spread } from "./lib/report.ts";
import { alternate, ratios, summarise } from "./lib/stats.ts";

const bin = fileURLToPath(new URL("../../bin/glovebox", import.meta.url));
const LIMIT = 2.5;

export async function benchHelp(): Promise<Report> {
  const node = process.execPath;
  const [help, empty] = await alternate(
    [() => timedGood(node, [bin, "--help"]).ms, () => timedGood(node, ["-e", "0"]).ms],
    { warmup: 2, rounds: 21 },
  );
  const ratio = ratios(help!, empty!);
  return {
    name: "help",
    means: "Wall time of `glovebox --help` as a whole process, against `node -e 0`.",
    target: `at most ${LIMIT} × \`node -e 0\``,
    held: ratio.median <= LIMIT,
    head: ["Process", "Wall time (ms)", "Ratio"],
    rows: [
      ["glovebox --help", spread(summarise(help!), ""), spread(ratio, "", 2)],
      ["node -e 0", spread(summarise(empty!), ""), "1"],
    ],
    data: { help, empty },
  };
}
