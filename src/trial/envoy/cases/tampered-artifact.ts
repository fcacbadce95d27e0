// An artifact that was exchanged in its registry: what a stock Envoy does with the module that it is given, and what
// asks for signatures before a proxy sees it.
import { EXCHANGE, exchanged } from "../../cases/tampered-artifact.ts";
import type { EnvoyCase } from "../envoy-case.ts";
import { acts, cell, loaded } from "./digest.ts";

const NAME = "header-tag";

export const tamperedArtifact: EnvoyCase = {
  id: "tampered-artifact",
  measurement: EXCHANGE,
  plugins: [NAME],
  async measure(lab) {
    const { held, pulled, cell: hardened } = await exchanged(lab.bytes(NAME));
    const one = { lab, name: NAME, policy: lab.policy("header-rewriter") };
    const stock = await loaded(one, pulled);
    return { unhardened: cell(stock, false), hardened, held: held && acts(stock), details: [] };
  },
};
