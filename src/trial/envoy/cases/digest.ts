// Bytes that are not the pinned ones: as a local file, where stock Envoy has no place for a digest, and fetched by
// Envoy from a real server with the pin that `generate` writes.

import type { Policy } from "../../../policy/policy.ts";
import { sha256 } from "../../../util/digest.ts";
import type { Cell, Measured } from "../../case.ts";
import { tampered } from "../../cases/digest.ts";
import type { EnvoyCase } from "../envoy-case.ts";
import type { EnvoyLab, HardenedScene } from "../envoy-lab.ts";
import type { Played } from "../scene.ts";
import { answerText, dataOf, reasonOf, startText } from "../words.ts";

const NAME = "header-tag";
const STEP = [{}];

/** Whether the bytes were let in, whatever the plugin then answers. */
export const acts = ({ start, lines }: Played): boolean =>
  start === "ready" && !lines.some(({ text }) => text.includes("failed to load"));

/** What became of the bytes, in words. */
export function cell(played: Played, pinned: boolean): Cell {
  if (played.start !== "ready") return { text: startText(played), data: dataOf(played) };
  const status = answerText(played.answers[0]);
  const why = acts(played) ? "" : `: ${reasonOf(played)}`;
  const text = `${acts(played) ? "loaded" : "not loaded"}${pinned ? " by its digest" : ""}; request ${status}${why}`;
  return { text, data: dataOf(played) };
}

export interface DigestSubject {
  readonly lab: EnvoyLab;
  readonly name: string;
  readonly policy: Policy;
  readonly configuration?: string;
  /** false: only loaded, as its requests hang. */
  readonly asked?: boolean;
}

/** Loads bytes as a file, or fetched with a pin. */
export function loaded(one: DigestSubject, bytes: Uint8Array, digest?: string): Promise<Played> {
  const { lab, name, configuration } = one;
  const pin = digest === undefined ? {} : { sha256: digest, vmId: `${name}-route` };
  const given = configuration === undefined ? {} : { configuration };
  const plugin = { name, bytes, failure: "closed", ...given, ...pin } as const;
  return lab.play({ plugins: [plugin], asks: one.asked === false ? [] : [{ plugin: name }] });
}

const playedOf = (result: HardenedScene): Played => {
  if (result.played === null) throw new Error(`it is refused: ${result.refused.message}`);
  return result.played;
};

async function columns(one: DigestSubject) {
  const { lab, name, policy, configuration } = one;
  const good = lab.bytes(name);
  const other = tampered(good);
  const before = await loaded(one, other);
  const mismatched = await loaded(one, other, sha256(good));
  const updated = await loaded(one, other, sha256(other));
  // The pin is of the hardened bytes in the end: they must load just so.
  const given = configuration === undefined ? {} : { configuration };
  const hardened = playedOf(await lab.hardened(name, policy, STEP, given));
  return { before, mismatched, updated, hardened, digest: sha256(other) };
}

/** Bytes that are not the pinned ones; for any plugin. */
export async function mismatch(one: DigestSubject): Promise<Measured> {
  const { before, mismatched, hardened } = await columns(one);
  const held = acts(before) && !acts(mismatched) && acts(hardened);
  return {
    unhardened: cell(before, false),
    hardened: cell(mismatched, true),
    held,
    details: [],
  };
}

/** What the refusal says, and that the new digest loads it; for any plugin. */
export async function update(one: DigestSubject): Promise<Measured> {
  const { before, mismatched, updated, digest } = await columns(one);
  const said = [...mismatched.lines, ...mismatched.last].some(({ text }) => text.includes(digest));
  const held = !acts(mismatched) && acts(updated);
  const named = said
    ? "Envoy's log names the found digest"
    : "Envoy's log does not name the found digest";
  return {
    unhardened: cell(before, false),
    hardened: {
      text: `${cell(mismatched, true).text}; ${named}; with the updated pin: ${cell(updated, true).text}`,
      data: { mismatched: dataOf(mismatched), updated: dataOf(updated), said },
    },
    held,
    details: [],
  };
}

const builtIn = (lab: EnvoyLab): DigestSubject => ({
  lab,
  name: NAME,
  policy: lab.policy("header-rewriter"),
});

export const digestMismatch: EnvoyCase = {
  id: "digest-mismatch",
  measurement:
    "whether bytes of another digest run: as a file, which Envoy does not check, and fetched with the pin; held when the file runs and the fetched bytes never do",
  plugins: [NAME],
  measure: (lab) => mismatch(builtIn(lab)),
};

export const digestBreaksLoad: EnvoyCase = {
  id: "digest-breaks-load",
  measurement:
    "what a new build under the old pin does; held when it is not loaded, and loads with the updated pin",
  plugins: [NAME],
  measure: (lab) => update(builtIn(lab)),
};
