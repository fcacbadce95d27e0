// Metering in the style of wasm-instrument with its mutable global: a local function takes the cost off the
// global, and is called at the start of each metering block. A block goes on after a construct that can only
// be left at its end; it ends at branches, arms and loops.
import { I64 } from "../../../src/spec/binary.ts";
import { OP, type Walker } from "../../../src/wasm/walker.ts";
import { type Charge, flat, type Scheme } from "./weave.ts";

interface Frame {
  active: Charge;
  readonly isLoop: boolean;
  /** The outermost frame that a branch inside goes forward to; greater than the depth for none. */
  target: number;
}

const NONE = Number.MAX_SAFE_INTEGER;

function targets(walker: Walker, code: number): readonly number[] {
  if (code === OP.return) return [0];
  if (code !== OP.brTable) return [walker.depth - walker.a];
  return [...walker.targets.subarray(0, walker.targetCount)].map((label) => walker.depth - label);
}

export const wasmInstrument: Scheme = {
  name: "wasm-instrument-style",
  globals: [I64],
  plan(walker) {
    const charges: Charge[] = [];
    const block = (): Charge => {
      const charge = { at: walker.pos, cost: 0 };
      charges.push(charge);
      return charge;
    };
    const frames: Frame[] = [{ active: block(), isLoop: false, target: NONE }];
    for (let code = walker.next(); code >= 0; code = walker.next()) {
      const top = frames.at(-1)!;
      if (walker.falls || (code !== OP.end && code !== OP.else)) top.active.cost += flat[code]!;
      if (code === OP.block) frames.push({ active: top.active, isLoop: false, target: NONE });
      else if (code === OP.loop || code === OP.if) {
        frames.push({ active: block(), isLoop: code === OP.loop, target: NONE });
      } else if (code === OP.else) top.active = block();
      else if (code === OP.end) {
        frames.pop();
        const outer = frames.at(-1);
        if (outer === undefined) break;
        const depth = frames.length;
        if (top.target < depth) outer.target = Math.min(outer.target, top.target);
        if (top.target < depth || (top.target === depth && !top.isLoop)) outer.active = block();
      } else if (code === OP.br || code === OP.brIf || code === OP.brTable || code === OP.return) {
        for (const frame of targets(walker, code)) {
          if (!frames[frame]!.isLoop) top.target = Math.min(top.target, frame);
        }
        top.active = block();
      }
    }
    // Blocks open in the order of their places, but an outer one may have grown meanwhile.
    return charges;
  },
  charge(out, { cost }) {
    out.constant("i64", cost).with("call", out.extraFunction);
  },
  extra(out) {
    out.global("get").with("local.get", 0).do("i64.ge_u").if();
    out.global("get").with("local.get", 0).do("i64.sub").global("set").do("else");
    out.constant("i64", -1).global("set").do("unreachable", "end", "end");
  },
};
