// The matchers: each compares a range of memory with every entry of one list of the policy (A15,
// A18, A19). The order of the table is that of the functions. From docs/guards.md, "Matchers".
import type { HeaderRule, Rules } from "../../../policy/rules.ts";
import { headerPaths } from "../../../spec/guards.ts";
import { signature } from "../expected.ts";
import type { Maker } from "../link.ts";
import { written } from "../words.ts";
import { SAY, when } from "./phrases.ts";
import { bytesOf, EXACT, pieces } from "./pieces.ts";

const ALL_MAPS = 2 ** headerPaths.length - 1;
const FOUND = SAY(1);

const length = (n: number, compare: "eq" | "ge_u"): string =>
  `local.get 1 i32.const ${n} i32.${compare}`;

function exact(b: Uint8Array, foldFrom = EXACT): string {
  return when(length(b.length, "eq"), when(pieces(b, foldFrom, 0), FOUND));
}

function prefix(text: string): string {
  const b = bytesOf(text);
  return when(length(b.length, "ge_u"), when(pieces(b, EXACT, 0), FOUND));
}

const orPrefix = (text: string): string =>
  text.endsWith("*") ? prefix(text.slice(0, -1)) : exact(bytesOf(text));

function header({ name, maps }: HeaderRule): string {
  const same = exact(bytesOf(name), 0);
  if (maps === ALL_MAPS) return same;
  return when(`i32.const ${maps} local.get 2 i32.shr_u i32.const 1 i32.and`, same);
}

/** A property's bytes, and from where on its letters have no case. */
function property(path: string): readonly [b: Uint8Array, foldFrom: number] {
  const [first, second] = path.split(".");
  const folds = headerPaths.some(({ segments: [one, two] }) => one === first && two === second);
  const b = bytesOf(path.replaceAll(".", "\0"));
  return [b, folds ? bytesOf(`${first}.${second}.`).length : EXACT];
}

function below(path: string): string {
  const [b, foldFrom] = property(path);
  const ends = `local.get 0 i32.load8_u 0 ${b.length} i32.eqz`;
  const whole = `${when(length(b.length, "eq"), FOUND)} ${when(ends, FOUND)}`;
  return when(length(b.length, "ge_u"), when(pieces(b, foldFrom, 0), whole));
}

const texts = (entry: (text: string) => string, of: (rules: Rules) => readonly string[] | null) =>
  [":", of, entry] as const;
const headers = (of: (rules: Rules) => readonly HeaderRule[] | null) => ["i:", of, header] as const;
const bytesExact = (text: string): string => exact(bytesOf(text));

/** By name: what comes after the range among the parameters, the list, the code of one entry. */
const table = {
  clusters: texts(bytesExact, ({ dispatch }) => dispatch.clusters),
  methods: texts(bytesExact, ({ dispatch }) => dispatch.methods),
  paths: texts(orPrefix, ({ dispatch }) => dispatch.paths),
  authorities: texts(bytesExact, ({ dispatch }) => dispatch.authorities),
  names: texts(bytesExact, ({ dispatch }) => dispatch.names),
  "headers-read": headers((rules) => rules.headers.read),
  "headers-add": headers((rules) => rules.headers.add),
  "headers-replace": headers((rules) => rules.headers.replace),
  "headers-remove": headers((rules) => rules.headers.remove),
  hidden: texts(
    (path) => exact(...property(path)),
    ({ properties }) => properties.hidden,
  ),
  propertiesRead: texts(below, ({ properties }) => properties.read),
  propertiesWrite: texts(below, ({ properties }) => properties.write),
  sharedRead: texts(prefix, ({ sharedData }) => sharedData.read),
  sharedWrite: texts(prefix, ({ sharedData }) => sharedData.write),
  queuesRegister: texts(prefix, ({ queues }) => queues.register),
  queuesResolve: texts(prefix, ({ queues }) => queues.resolve),
  metrics: texts(prefix, ({ metrics }) => metrics),
  foreign: texts(bytesExact, ({ foreign }) => foreign),
} as const;
export type Matcher = keyof typeof table;

export const matchers: readonly (readonly [string, Maker])[] = Object.entries(table).map(
  ([name, [more, of, entry]]) => [
    name,
    (link) => {
      const list: readonly never[] = (of(link.context.policy.rules) ?? []) as never;
      const text = `${list.map(entry).join(" ")} i32.const 0 end`;
      return written(link, `the guard ${name}`, signature(`ii${more}i`), text);
    },
  ],
);
