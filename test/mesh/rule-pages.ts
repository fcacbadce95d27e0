// The pages in docs/rules as test cases: every block of YAML on them is one, so that a page can't say what isn't so.
// `# reported` ends each line that has to earn a finding; the word after `yaml` says the release and the module.
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

export const pagesFolder = fileURLToPath(new URL("../../../docs/rules/", import.meta.url));

export interface Block {
  readonly text: string;
  /** `--target`; undefined for the newest. */
  readonly target: string | undefined;
  /** The module that is at hand; undefined for none. */
  readonly module: string | undefined;
  /** Lines that end in the mark, from 1. */
  readonly marked: readonly number[];
}

export interface Page {
  readonly id: string;
  readonly text: string;
  readonly reported: readonly Block[];
  readonly notReported: readonly Block[];
}

const MARK = / # reported$/;

function blocksOf(text: string): readonly Block[] {
  return [...text.matchAll(/^```yaml ?([^\n]*)\n([\s\S]*?)^```$/gm)].map((match) => {
    const words = new Map(
      match[1]!.split(" ").map((word) => {
        const equals = word.indexOf("=");
        return [word.slice(0, equals), word.slice(equals + 1)] as const;
      }),
    );
    const lines = match[2]!.split("\n");
    return {
      text: match[2]!,
      target: words.get("target"),
      module: words.get("module"),
      marked: lines.flatMap((line, at) => (MARK.test(line) ? [at + 1] : [])),
    };
  });
}

function pageOf(name: string): Page {
  const text = readFileSync(pagesFolder + name, "utf8");
  const [, reported = "", notReported = ""] = text.split(/^## (?:Reported|Not reported)$/m);
  return {
    id: name.slice(0, -3),
    text,
    reported: blocksOf(reported),
    notReported: blocksOf(notReported),
  };
}

/** Every page but the index. */
export function rulePages(): readonly Page[] {
  return readdirSync(pagesFolder)
    .filter((name) => name.endsWith(".md") && name !== "README.md")
    .map(pageOf);
}
