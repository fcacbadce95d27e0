// Where the instrumentation of a guest function stands: the table of templates in docs/containment.md as patterns
// over instructions, read apart from verify's own matcher. It knows nothing of what may be done to them.
import { I64 } from "../../src/spec/binary.ts";
import type { Body, Instruction } from "./body.ts";

/** Templates, then the calls that stand for instrumentation inside guest code. */
export type SiteKind = keyof typeof patterns | "bulkBytes" | "bulkElems" | "grow";

export interface Site {
  readonly kind: SiteKind;
  /** Instructions [from, to) of the body. */
  readonly from: number;
  readonly to: number;
  /** c or w, and which instruction it is; 0 and -1 where there is none. */
  readonly constant: bigint;
  readonly constantAt: number;
}

// gF: global.get of the fuel; sF: global.set; gS, sS: of the stack; gt, st, tt: the fuel local; cI, ci: the
// constant; anything else is the instruction of that name, =N a constant of that value.
const TRAP = "unreachable end";
const patterns = {
  CHARGE_G: `gF cI i64.sub sF gF i64.const=0 i64.lt_s if ${TRAP}`,
  TEST_G: `gF cI i64.lt_s if i64.const=-1 sF ${TRAP}`,
  ENTER_L: `gF cI i64.sub tt i64.const=0 i64.lt_s if gt sF ${TRAP}`,
  SUB_G: "gF cI i64.sub sF",
  LOAD: "gF st",
  CHARGE_L: `gt cI i64.sub tt i64.const=0 i64.lt_s if gt sF ${TRAP}`,
  TEST_L: `gt cI i64.lt_s if i64.const=-1 sF ${TRAP}`,
  SUB_L: "gt cI i64.sub st",
  FLUSH: "gt sF",
  STACK_IN: `gS ci i32.sub sS gS i32.const=0 i32.lt_s if ${TRAP}`,
  STACK_OUT: "gS ci i32.add sS",
} as const;

export const templateKinds = Object.keys(patterns) as readonly (keyof typeof patterns)[];
// With telemetry the arm that traps says so first.
const words = templateKinds.flatMap((kind) =>
  [patterns[kind], patterns[kind].replace(TRAP, `call ${TRAP}`)].map((pattern) => ({
    kind,
    words: pattern.split(" "),
  })),
);

export interface Globals {
  readonly fuel: number;
  readonly stack: number;
}

const verbs: Readonly<Record<string, string>> = { g: "get", s: "set", t: "tee" };

function fits(word: string, one: Instruction, { fuel, stack }: Globals, own: number): boolean {
  if (word === "cI") return one.name === "i64.const";
  if (word === "ci") return one.name === "i32.const";
  const what = /^([gst])([FSt])$/.exec(word);
  if (what !== null) {
    const local = what[2] === "t";
    const index = local ? own : what[2] === "F" ? fuel : stack;
    return one.name === `${local ? "local" : "global"}.${verbs[what[1]!]}` && one.a === index;
  }
  const [name, value] = word.split("=");
  return one.name === name && (value === undefined || one.value === BigInt(value));
}

/** The function's fuel local, or -1: the one that LOAD or ENTER_L fills. */
function fuelLocal({ code, locals }: Body, params: number, { fuel }: Globals): number {
  if (locals.at(-1) !== I64) return -1;
  const last = params + locals.length - 1;
  const loads = code.some(
    (one, i) =>
      one.name === "global.get" &&
      one.a === fuel &&
      [code[i + 1], code[i + 3]].some(
        (next) => /^local\.(set|tee)$/.test(next?.name ?? "") && next!.a === last,
      ),
  );
  return loads ? last : -1;
}

/** All templates of a guest function, in order. */
export function sitesOf(
  body: Body,
  params: number,
  globals: Globals,
): { own: number; sites: readonly Site[] } {
  const { code } = body;
  const own = fuelLocal(body, params, globals);
  const sites: Site[] = [];
  for (let from = 0; from < code.length; ) {
    const first = code[from]!;
    const candidate =
      first.name === "global.get"
        ? first.a === globals.fuel || first.a === globals.stack
        : first.name === "local.get" && first.a === own && own >= 0;
    const found = candidate
      ? words.find(
          (row) =>
            from + row.words.length <= code.length &&
            row.words.every((word, i) => fits(word, code[from + i]!, globals, own)),
        )
      : undefined;
    if (found === undefined) {
      from++;
      continue;
    }
    const place = found.words.findIndex((word) => word === "cI" || word === "ci");
    const constantAt = place < 0 ? -1 : from + place;
    const constant = place < 0 ? 0n : code[constantAt]!.value;
    const to = from + found.words.length;
    sites.push({ kind: found.kind, from, to, constant, constantAt });
    from = to;
  }
  return { own, sites };
}
