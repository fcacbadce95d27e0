// What the frame of a module tells: sizes of its sections, and the entries of `producers`. Reads bytes that the
// decoder has accepted; a custom section that can't be read tells nothing, for custom sections are not checked.
import { Failure } from "../errors/failure.ts";
import { sections } from "../spec/binary.ts";
import type { Module } from "../wasm/module.ts";
import { Reader } from "../wasm/reader.ts";
import type { SectionSize } from "./report.ts";

const nameOf = new Map<number, string>(sections.map((row) => [row.id, row.name]));

/** One entry a section, in the file's order. */
export function sectionSizes(bytes: Uint8Array, module: Module): readonly SectionSize[] {
  const reader = new Reader(bytes, 8);
  const sizes: SectionSize[] = [];
  let customs = 0;
  while (reader.pos < bytes.length) {
    const name = nameOf.get(reader.u8("a section's id")) ?? "unknown";
    const size = reader.u32("a section's size");
    reader.view(size, "a section");
    const custom = name === "custom" ? module.customs[customs++]?.name : undefined;
    sizes.push({ name, bytes: size, ...(custom === undefined ? {} : { custom }) });
  }
  return sizes;
}

const MAX_ENTRIES = 1_000;

/** `field name version` for each entry of the producers section, as far as it is readable. */
export function producers(module: Module): readonly string[] {
  const section = module.customs.find((one) => one.name === "producers");
  const entries: string[] = [];
  if (section === undefined) return entries;
  const reader = new Reader(section.bytes);
  try {
    for (let fields = reader.count("fields", MAX_ENTRIES); fields > 0; fields--) {
      const field = reader.name("a field", MAX_ENTRIES);
      for (let values = reader.count("values", MAX_ENTRIES); values > 0; values--) {
        const name = reader.name("a name", MAX_ENTRIES);
        entries.push(`${field} ${name} ${reader.name("a version", MAX_ENTRIES)}`.trim());
      }
    }
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
  }
  return entries;
}
