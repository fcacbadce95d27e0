// Walks a serialised map before the host parses it (rule A20): exact length, every name and value ended by its
// zero and none inside, and each name judged. What is malformed is refused before a difference between two
// parsers could matter; the walk is paid before it begins, by pairs and by bytes.
import { I32 } from "../../../spec/binary.ts";
import { CHECK, DISPATCH_REFUSED, dispatchHeaders, GUARD } from "../../../spec/guards.ts";
import { MAP, STATUS } from "../../../spec/status.ts";
import { Asm, type Body, ONE_I32, priceOf } from "../asm.ts";
import {
  denyIf,
  denyUnless,
  type GuardContext,
  type GuardRow,
  type MatcherName,
  say,
  sayIf,
} from "./guard.ts";
import { bytesOf, pieces } from "./pieces.ts";

/** Locals: the map; its count of pairs; where the walk stands and ends; an index; sizes of name and value; zeros. */
const [PTR, LEN, COUNT, AT, END, INDEX, NAME, VALUE, ZEROS] = [0, 1, 2, 3, 4, 5, 6, 7, 8];
const BAD = STATUS.badArgument;
/** Bytes of the count before a map's sizes, and of the two sizes of a pair. */
const [HEAD, PAIR] = [4, 8];

const next = (asm: Asm): Asm =>
  asm.local("get", INDEX).i32(1).op("i32.add").local("set", INDEX).branch("br", 0);

/** One byte of names and values: is it a zero? */
function countZero(asm: Asm): Asm {
  asm.local("get", INDEX).local("get", END).op("i32.ge_u").branch("br_if", 1);
  asm.local("get", ZEROS).local("get", INDEX).memory("i32.load8_u", 0, 0);
  asm.op("i32.eqz", "i32.add").local("set", ZEROS);
  return next(asm);
}

/** The address of the value, less the zero before it. */
const value = (asm: Asm): Asm => asm.local("get", AT).local("get", NAME).op("i32.add");

/** One pair: its sizes fit, its zeros stand where they must, and its name is judged. */
function judgePair(asm: Asm, judge: (asm: Asm) => void): Asm {
  asm.local("get", INDEX).local("get", COUNT).op("i32.ge_u").branch("br_if", 1);
  asm.local("get", PTR).local("get", INDEX).i32(3).op("i32.shl", "i32.add").local("tee", VALUE);
  asm.memory("i32.load", 0, HEAD).local("set", NAME);
  asm
    .local("get", VALUE)
    .memory("i32.load", 0, HEAD + 4)
    .local("set", VALUE);
  asm.local("get", AT).op("i64.extend_i32_u").local("get", NAME).op("i64.extend_i32_u", "i64.add");
  asm.local("get", VALUE).op("i64.extend_i32_u", "i64.add").i64(2).op("i64.add");
  sayIf(asm.local("get", END).op("i64.extend_i32_u", "i64.gt_u"), BAD);
  value(asm).memory("i32.load8_u", 0, 0);
  value(asm).local("get", VALUE).op("i32.add").memory("i32.load8_u", 0, 1);
  sayIf(asm.op("i32.or"), BAD);
  judge(asm);
  value(asm).local("get", VALUE).op("i32.add").i32(2).op("i32.add").local("set", AT);
  return next(asm);
}

function walk(context: GuardContext, judge: (asm: Asm) => void): Body {
  const { ground, target } = context;
  const asm = new Asm(ground, [[7, I32]]);
  asm.local("get", LEN).i32(2).op("i32.lt_u").if();
  sayIf(asm.local("get", LEN).op("i32.eqz"), CHECK.pass);
  sayIf(asm.local("get", PTR).memory("i32.load8_u", 0, 0).op("i32.eqz"), CHECK.pass);
  say(asm, BAD).op("end");
  asm.local("get", LEN).i32(HEAD).op("i32.lt_u").local("get", LEN).i32(GUARD.mapBytes);
  sayIf(asm.op("i32.gt_u", "i32.or"), BAD);
  asm.local("get", PTR).memory("i32.load", 0, 0).local("tee", COUNT).i32(GUARD.mapPairs);
  sayIf(asm.op("i32.gt_u"), BAD);
  asm.local("get", COUNT).i32(PAIR).op("i32.mul").i32(HEAD).op("i32.add").local("tee", AT);
  sayIf(asm.local("get", LEN).op("i32.gt_u"), BAD);
  const perPair = priceOf(ground, (one) => judgePair(one, judge));
  asm.local("get", COUNT).op("i64.extend_i32_u").i64(perPair).op("i64.mul").local("get", LEN);
  asm.op("i64.extend_i32_u").i64(priceOf(ground, countZero)).op("i64.mul", "i64.add");
  asm.call(target("pay"));
  asm.local("get", PTR).local("get", LEN).op("i32.add").local("set", END);
  asm.local("get", PTR).local("get", AT).op("i32.add").local("set", AT);
  asm.local("get", AT).local("set", INDEX).block().loop();
  countZero(asm).op("end", "end").local("get", ZEROS).local("get", COUNT).i32(1).op("i32.shl");
  sayIf(asm.op("i32.ne"), BAD);
  asm.i32(0).local("set", INDEX).block().loop();
  judgePair(asm, judge).op("end", "end");
  sayIf(asm.local("get", AT).local("get", END).op("i32.ne"), BAD);
  return asm.i32(CHECK.pass).body([I32, I32], ONE_I32);
}

/** Where the name is `header`, its value must be on the list. */
function only(asm: Asm, header: string, list: MatcherName, { target }: GuardContext): void {
  const name = bytesOf(header, true);
  asm.local("get", NAME).i32(name.length).op("i32.eq").if();
  pieces(asm, name, AT).if();
  denyUnless(value(asm).i32(1).op("i32.add").local("get", VALUE).call(target(list)));
  asm.op("end", "end");
}

export const pairs: readonly GuardRow[] = [
  {
    name: "pairsDispatch",
    build: (context) =>
      walk(context, (asm) => {
        for (const { name, rule } of dispatchHeaders) {
          if (context.policy.rules.dispatch[rule] !== null) only(asm, name, rule, context);
        }
        const refused = bytesOf(DISPATCH_REFUSED, true);
        asm.local("get", NAME).i32(refused.length).op("i32.ge_u").if();
        denyIf(pieces(asm, refused, AT)).op("end");
      }),
  },
  {
    name: "pairsReply",
    build: (context) =>
      walk(context, (asm) => {
        asm.local("get", AT).local("get", NAME).i32(MAP.httpResponseHeaders);
        denyUnless(asm.call(context.target("headersAdd")));
      }),
  },
];
