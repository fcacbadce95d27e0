// A guess at the SDK and the language of a plugin, with what it was told by. A guess: a module can say anything
// about itself, so nothing that has to be trusted depends on it.
import { languages, type Sdk, type Sign, type SignPlace, sdks } from "../spec/sdk-signs.ts";
import type { Module } from "../wasm/module.ts";
import { plainName, readNames } from "../wasm/names.ts";
import type { SdkReport } from "./report.ts";
import { producers } from "./sections.ts";

const SHOWN = 60;

/** Only the beginning of a name is looked at: mangled ones may be kilobytes long. */
const LOOKED_AT = 200;

type Words = Readonly<Record<SignPlace, readonly string[]>>;

function wordsOf(module: Module): Words {
  const names = readNames(module).functions.values();
  return {
    producers: producers(module),
    "function name": [...names].map((name) => name.slice(0, LOOKED_AT)),
    export: module.exports.map((one) => one.name),
    import: module.imports.map((one) => `${one.module}.${one.name}`),
  };
}

const told: Readonly<Record<SignPlace, string>> = {
  producers: "its producers section says",
  "function name": "a function is named",
  export: "it exports",
  import: "it imports",
};

function evidence(signs: readonly Sign[], words: Words): readonly string[] {
  return signs.flatMap(({ place, pattern }) => {
    const word = words[place].find((one) => pattern.test(one));
    return word === undefined ? [] : [`${told[place]} ${plainName(word, SHOWN)}`];
  });
}

function sdkEvidence(row: Sdk, words: Words): readonly string[] {
  const needed = row.exports ?? [];
  if (!needed.every((name) => words.export.includes(name))) return [];
  const found = evidence(row.signs, words);
  const calls = words.import.filter((one) => one.startsWith("env.proxy_")).length;
  if (row.importsAtLeast === undefined || calls < row.importsAtLeast) return found;
  return [...found, `it imports ${calls} functions of the ABI, used or not`];
}

/** Tells SDK and language from the producers section, names, exports and imports. */
export function guessSdk(module: Module): SdkReport {
  const words = wordsOf(module);
  for (const { language, signs } of languages) {
    const found = evidence(signs, words);
    if (found.length === 0) continue;
    for (const row of sdks) {
      if (!row.languages.includes(language)) continue;
      const more = sdkEvidence(row, words);
      if (more.length === 0) continue;
      return {
        id: row.id,
        label: row.label,
        language,
        evidence: [...new Set([...found, ...more])],
      };
    }
    return { id: null, label: null, language, evidence: found };
  }
  return { id: null, label: null, language: null, evidence: [] };
}
