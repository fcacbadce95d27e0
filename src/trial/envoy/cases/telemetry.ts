// What Envoy's own statistics tell of a plugin that defines none: names under `wasmcustom.` would be the module's.
import type { Cell } from "../../case.ts";
import { meshTelemetry } from "../../cases/later.ts";
import { plural } from "../../words.ts";
import type { EnvoyCase } from "../envoy-case.ts";
import type { Played } from "../scene.ts";
import { changed, dataOf } from "../words.ts";

const NAME = "header-tag";

const custom = ({ stats: { after } }: Played): readonly string[] =>
  Object.keys(after).filter((name) => name.startsWith("wasmcustom."));
const ofWasm = ({ stats: { after } }: Played): readonly string[] =>
  Object.keys(after).filter((name) => name.startsWith("wasm."));

function cell(played: Played): Cell {
  const own = custom(played);
  const moved = Object.keys(changed(played)).filter((name) => name.startsWith("wasm"));
  const text = `${plural(own.length, "statistic")} of the plugin's own${own[0] === undefined ? "" : ` (${own[0]})`}; ${plural(ofWasm(played).length, "statistic")} of Wasm in all, ${moved.length} changed by ${plural(played.answers[0]?.passed ?? 0, "request")}`;
  return { text, data: { ...dataOf(played), own, moved } };
}

export const telemetry: EnvoyCase = {
  id: "telemetry",
  measurement:
    "names under wasmcustom. in /stats after ten requests of a plugin that defines none; held when the hardened module has its own",
  plugins: [NAME],
  async measure(lab) {
    const asks = [{ times: 10 }];
    const before = await lab.unhardened(NAME, asks);
    const { played, refused } = await lab.hardened(
      NAME,
      lab.policy("header-rewriter", { "spec.telemetry": true }),
      asks,
    );
    if (played === null) throw new Error(`${NAME} is refused: ${refused.message}`);
    const held = custom(played).length > 0;
    const notYet = held || !("notYet" in meshTelemetry) ? null : meshTelemetry.notYet;
    return { unhardened: cell(before), hardened: cell(played), held, notYet, details: [] };
  },
};
