// How long verify takes as modules grow, against the validation that any engine does: whole processes, so
// the start of Node counts on our side.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { largeModule } from "../plugins/large.ts";
import { harden } from "../src/harden/harden.ts";
import { policyFromRole } from "../src/policy/resolve.ts";
import { isThere, timedGood } from "./lib/process.ts";
import { megabytes, type Report, spread } from "./lib/report.ts";
import { alternate, fitLine, ratios, summarise } from "./lib/stats.ts";

const bin = fileURLToPath(new URL("../../bin/glovebox", import.meta.url));
const LIMIT = 6;
const ROLE = "external-auth";
const SIZES = [1, 2, 4, 8, 16, 24];
/** The figure is promised from this size on. */
const LARGE = 20;
/** How far the median of any size up to 16 MB may lie off the straight line through all of them. */
const LINEAR = 0.15;

export async function benchVerify(): Promise<Report> {
  const name = "verify";
  const target = `at 20 MB and more at most ${LIMIT} × \`wasm-tools validate\`; linear from 1 to 16 MB`;
  const means =
    "`glovebox verify` of hardened modules of rising size against `wasm-tools validate` of the same files, whole processes.";
  const head = ["Module", "verify (ms)", "validate (ms)", "Ratio"];
  if (!isThere("wasm-tools")) {
    const note = "wasm-tools is not installed: start with `npm run bench`.";
    return { name, means, target, held: null, note, head, rows: [], data: {} };
  }
  const folder = mkdtempSync(join(tmpdir(), "glovebox-bench-"));
  try {
    const measured = [];
    for (const size of SIZES) {
      const file = join(folder, `${size}.wasm`);
      const { bytes } = harden(largeModule(size * 1e6, 1), policyFromRole(ROLE));
      writeFileSync(file, bytes);
      const [ours, theirs] = await alternate(
        [
          () => timedGood(process.execPath, [bin, "verify", file, "--role", ROLE]).ms,
          () => timedGood("wasm-tools", ["validate", file]).ms,
        ],
        { warmup: 1, rounds: 9 },
      );
      measured.push({ bytes: bytes.length, ours: ours!, theirs: theirs! });
    }
    const upTo16 = measured.filter((one) => one.bytes < LARGE * 1e6);
    const points = upTo16.map((one) => ({ x: one.bytes / 1e6, y: summarise(one.ours).median }));
    const line = fitLine(points);
    const off = points.map(({ x, y }) => y / (line.start + line.slope * x) - 1);
    const furthest = Math.max(...off.map(Math.abs));
    const large = measured.filter((one) => one.bytes >= LARGE * 1e6);
    const bounded = large.every((one) => ratios(one.ours, one.theirs).median <= LIMIT);
    return {
      name,
      means,
      target,
      held: furthest <= LINEAR && bounded,
      note: `The line through 1 to 16 MB: ${line.start.toFixed(0)} ms + ${line.slope.toFixed(1)} ms/MB; the furthest median lies ${(furthest * 100).toFixed(1)} % off it (linear: at most ${LINEAR * 100} %).`,
      head,
      rows: measured.map((one) => [
        megabytes(one.bytes),
        spread(summarise(one.ours), "", 0),
        spread(summarise(one.theirs), "", 0),
        spread(ratios(one.ours, one.theirs), "", 2),
      ]),
      data: measured,
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
