// A module that is not the one that was pinned. Measured where the embedded host is handed the bytes; fetching
// and its refusal belong to the lab's gateway and the module server.
import { sha256 } from "../../util/digest.ts";
import type { Case, Cell, Measured } from "../case.ts";
import { type Lab, PATIENCE } from "../lab.ts";
import type { LoadSeen, Run } from "../script.ts";
import { hungText, refusal } from "../words.ts";

const NAME = "header-tag";

/** Whether the bytes were let in, whatever the plugin then does. */
interface Loaded {
  readonly refused: LoadSeen["refused"];
  readonly state: string;
}

function loaded(run: Run): Loaded {
  const seen = run.seen[0];
  if (seen === undefined && run.hung !== null) return { refused: null, state: hungText(run) };
  if (seen?.do !== "load") throw new Error("the run did not load the plugin");
  return seen;
}

function cell(seen: Loaded): Cell {
  return seen.refused === null
    ? { text: `loaded, ${seen.state}`, data: { refused: null, state: seen.state } }
    : refusal(seen.refused);
}

/** One byte of a custom section's payload differs: a valid module, another digest. */
export function tampered(bytes: Uint8Array): Uint8Array {
  const custom = [0x00, 0x03, 0x01, 0x78, 0x21];
  return Uint8Array.from([...bytes, ...custom]);
}

async function columns(lab: Lab, name: string) {
  const pin = sha256(lab.bytes(name));
  const other = tampered(lab.bytes(name));
  const load = (bytes: Uint8Array, semantics: "stock" | "glovebox", pinned?: string) => {
    const options = pinned === undefined ? {} : { sha256: pinned };
    return lab.play([lab.load(name, bytes, semantics, options)], PATIENCE);
  };
  // Stock hosts check no digest of local code: there is nowhere to write one.
  const unhardened = loaded(await load(other, "stock"));
  const mismatched = loaded(await load(other, "glovebox", pin));
  const updated = loaded(await load(other, "glovebox", sha256(other)));
  return { unhardened, mismatched, updated, digest: sha256(other) };
}

/** Bytes that are not the pinned ones; for any plugin. */
export async function measureMismatch(lab: Lab, name: string): Promise<Measured> {
  const { unhardened, mismatched } = await columns(lab, name);
  const held = mismatched.refused?.code === "host-digest";
  return { unhardened: cell(unhardened), hardened: cell(mismatched), held, details: [] };
}

/** What the refusal says, and that the new digest loads it; for any plugin. */
export async function measureUpdate(lab: Lab, name: string): Promise<Measured> {
  const { unhardened, mismatched, updated, digest } = await columns(lab, name);
  const named = mismatched.refused?.message.includes(digest) === true;
  const held = named && updated.refused === null;
  const says = named ? "refusal names the new digest" : "refusal does not name the new digest";
  const text = `${says}; with the updated pin: ${cell(updated).text}`;
  const hardened = { text, data: { refused: mismatched.refused, updated: updated.state } };
  return { unhardened: cell(unhardened), hardened, held, details: [] };
}

export const digestMismatch: Case = {
  id: "digest-mismatch",
  table: "expected-behaviour",
  signal: "Plugin loaded with mismatched SHA",
  measurement:
    "whether bytes whose sha256 is not the pinned one are loaded by the embedded host; held when they are refused before they are compiled (refusing while fetching comes with the gateway)",
  plugins: [NAME],
  measure: (lab) => measureMismatch(lab, NAME),
};

export const digestBreaksLoad: Case = {
  id: "digest-breaks-load",
  table: "failure-modes",
  signal: "SHA mismatch breaks plugin load",
  measurement:
    "what the refusal of a new build says, and whether the new digest loads it; held when the refusal names the found digest and the updated pin loads",
  plugins: [NAME],
  measure: (lab) => measureUpdate(lab, NAME),
};
