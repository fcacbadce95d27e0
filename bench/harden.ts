// How fast a plugin is hardened, against a metering rewriter in Rust that does less: it adds block-wise gas
// and nothing else.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { harden } from "../src/harden/harden.ts";
import { policyFromRole } from "../src/policy/resolve.ts";
import { verify } from "../src/verify/verify.ts";
import { goPlugin } from "./lib/inputs.ts";
import { startPeer, timedGood } from "./lib/process.ts";
import { buildRadix } from "./lib/radix.ts";
import { megabytes, type Report, spread } from "./lib/report.ts";
import { alternate, ratios, type Side, summarise } from "./lib/stats.ts";

const bin = fileURLToPath(new URL("../../bin/glovebox", import.meta.url));
const ROLE = "external-auth";
const head = ["Side", "Time (ms)", "Ratio to the peer"];
const target = "less time than radix-wasm-instrument 1.0.0 on the same file";

function timedCall(call: () => unknown): Side {
  return () => {
    const start = performance.now();
    call();
    return performance.now() - start;
  };
}

export async function benchHarden(): Promise<Report> {
  const input = await goPlugin();
  const radix = buildRadix();
  const name = "harden";
  if ("missing" in input || "missing" in radix) {
    const note = "missing" in input ? input.missing : "missing" in radix ? radix.missing : "";
    return {
      name,
      means: "Hardening a Go plugin.",
      target,
      held: null,
      note,
      head,
      rows: [],
      data: {},
    };
  }
  const policy = policyFromRole(ROLE);
  const folder = mkdtempSync(join(tmpdir(), "glovebox-bench-"));
  const file = join(folder, "plugin.wasm");
  writeFileSync(file, input.bytes);
  const hardened = harden(input.bytes, policy).bytes;
  const peer = startPeer(radix.program, [file]);
  try {
    let metered = 0;
    const ours = timedCall(() => harden(input.bytes, policy));
    const theirs: Side = async () => {
      const [nanoseconds, size] = (await peer.run()).split(" ");
      metered = Number(size);
      return Number(nanoseconds) / 1e6;
    };
    const output = join(folder, "contained.wasm");
    const command: Side = () =>
      timedGood(process.execPath, [bin, "harden", file, "--role", ROLE, "-o", output]).ms;
    const check = timedCall(() => verify(hardened, policy));
    const [mine, other, checked, whole] = await alternate([ours, theirs, check, command], {
      warmup: 5,
      rounds: 15,
    });
    const ratio = ratios(mine!, other!);
    const row = (label: string, samples: readonly number[], against: string) => [
      label,
      spread(summarise(samples), ""),
      against,
    ];
    const grown = (size: number) => `+${((size / input.bytes.length - 1) * 100).toFixed(1)} %`;
    return {
      name,
      means: `Hardening ${input.name} (${megabytes(input.bytes.length)}) in-process, bound mode, all passes (decode, rewrite, emit), against metering the same file in-process in Rust (release build, mutable global).`,
      target,
      held: ratio.median < 1,
      note: `Output: ${grown(hardened.length)} here, ${grown(metered)} by the peer. verify and the whole command are not part of the ratio.`,
      head,
      rows: [
        row("harden", mine!, spread(ratio, "", 2)),
        row("radix-wasm-instrument 1.0.0", other!, "1"),
        row("verify of the result, in-process", checked!, spread(ratios(checked!, other!), "", 2)),
        row(
          "the command `glovebox harden`, whole process, verify included",
          whole!,
          spread(ratios(whole!, other!), "", 2),
        ),
      ],
      data: { mine, other, checked, whole },
    };
  } finally {
    peer.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}
