// Matchers: whether bytes of the plugin are on one of the policy's lists. One function a list, one comparison
// an entry; and `segments`, which refuses property paths with empty segments before any list is asked (A15).
import type { HeaderRule, Rules } from "../../../policy/rules.ts";
import { I32 } from "../../../spec/binary.ts";
import { headerPaths } from "../../../spec/guards.ts";
import { Asm, ONE_I32, priceOf } from "../asm.ts";
import { type GuardContext, type GuardRow, type MatcherName, say } from "./guard.ts";
import { bytesOf, type Piece, pieces } from "./pieces.ts";

/** All four maps of the client. */
const ALL_MAPS = 15;

const found = (asm: Asm): Asm => say(asm.if(), 1).op("end");

function whole(asm: Asm, compare: "i32.eq" | "i32.ge_u", text: readonly Piece[]): Asm {
  asm.local("get", 1).i32(text.length).op(compare).if();
  return found(pieces(asm, text)).op("end");
}

const exact = (asm: Asm, text: string): Asm => whole(asm, "i32.eq", bytesOf(text, false));
const prefix = (asm: Asm, text: string): Asm => whole(asm, "i32.ge_u", bytesOf(text, false));

function starred(asm: Asm, text: string): Asm {
  return text.endsWith("*") ? prefix(asm, text.slice(0, -1)) : exact(asm, text);
}

function header(asm: Asm, { name, maps }: HeaderRule): Asm {
  const some = maps !== ALL_MAPS;
  if (some) asm.i32(maps).local("get", 2).op("i32.shr_u").i32(1).op("i32.and").if();
  whole(asm, "i32.eq", bytesOf(name, true));
  return some ? asm.op("end") : asm;
}

/** A property's path on the wire; a header's name in it has no case. */
export function pathBytes(dotted: string): readonly Piece[] {
  const text = dotted.replaceAll(".", "\0");
  const fixed = headerPaths.find(({ segments }) => text.startsWith(`${segments.join("\0")}\0`));
  const free = fixed === undefined ? text.length : fixed.segments.join("\0").length + 1;
  return [...bytesOf(text.slice(0, free), false), ...bytesOf(text.slice(free), true)];
}

function path(asm: Asm, dotted: string): Asm {
  const text = pathBytes(dotted);
  asm.local("get", 1).i32(text.length).op("i32.ge_u").if();
  pieces(asm, text).if();
  found(asm.local("get", 1).i32(text.length).op("i32.eq"));
  found(asm.local("get", 0).memory("i32.load8_u", 0, text.length).op("i32.eqz"));
  return asm.op("end", "end");
}

function matcher<T>(
  name: MatcherName,
  list: (rules: Rules) => readonly T[] | null,
  entry: (asm: Asm, one: T) => Asm,
  params: readonly number[] = [I32, I32],
): GuardRow {
  return {
    name,
    build({ policy, ground }) {
      const asm = new Asm(ground);
      for (const one of list(policy.rules)!) entry(asm, one);
      return asm.i32(0).body(params, ONE_I32);
    },
  };
}

const headers = (name: MatcherName, list: (rules: Rules) => readonly HeaderRule[] | null) =>
  matcher(name, list, header, [I32, I32, I32]);

/** One segment after the other, each byte once; local 2 counts, local 3 says that the byte before was a zero. */
function segments({ ground, target }: GuardContext) {
  const [at, zero] = [2, 3];
  const pass = (asm: Asm): Asm => {
    asm.local("get", 0).local("get", at).op("i32.add").memory("i32.load8_u", 0, 0);
    asm.op("i32.eqz").if().local("get", zero).if();
    say(asm, 0).op("end").i32(1).local("set", zero).op("else").i32(0).local("set", zero).op("end");
    asm.local("get", at).i32(1).op("i32.add").local("tee", at);
    return asm.local("get", 1).op("i32.lt_u").branch("br_if", 0);
  };
  const asm = new Asm(ground, [[2, I32]]);
  asm.local("get", 1).op("i64.extend_i32_u").i64(priceOf(ground, pass)).op("i64.mul");
  asm.call(target("pay")).i32(1).local("set", zero).loop();
  pass(asm).op("end").local("get", zero).op("i32.eqz");
  return asm.body([I32, I32], ONE_I32);
}

export const match: readonly GuardRow[] = [
  { name: "segments", build: segments },
  matcher("clusters", (rules) => rules.dispatch.clusters, exact),
  matcher("methods", (rules) => rules.dispatch.methods, exact),
  matcher("paths", (rules) => rules.dispatch.paths, starred),
  matcher("authorities", (rules) => rules.dispatch.authorities, exact),
  matcher("names", (rules) => rules.dispatch.names, exact),
  headers("headersRead", (rules) => rules.headers.read),
  headers("headersAdd", (rules) => rules.headers.add),
  headers("headersReplace", (rules) => rules.headers.replace),
  headers("headersRemove", (rules) => rules.headers.remove),
  matcher(
    "hidden",
    (rules) => rules.properties.hidden,
    (asm, dotted) => whole(asm, "i32.eq", pathBytes(dotted)),
  ),
  matcher("propertiesRead", (rules) => rules.properties.read, path),
  matcher("propertiesWrite", (rules) => rules.properties.write, path),
  matcher("sharedRead", (rules) => rules.sharedData.read, prefix),
  matcher("sharedWrite", (rules) => rules.sharedData.write, prefix),
  matcher("queuesRegister", (rules) => rules.queues.register, prefix),
  matcher("queuesResolve", (rules) => rules.queues.resolve, prefix),
  matcher("metrics", (rules) => rules.metrics, prefix),
  matcher("foreign", (rules) => rules.foreign, exact),
];
