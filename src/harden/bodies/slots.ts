// Request slots (rule A29): a stream's budget and what it has used, kept in globals of its own between its
// callbacks. A stream's id picks its slot, and a few neighbours; a stream that finds none free has the
// callback budget alone, and is counted (docs/guards.md, "Slots").
import { I32, I64 } from "../../spec/binary.ts";
import { PHASE, SLOT_PROBES, UNNAMED } from "../../spec/layout.ts";
import { EXHAUSTED_STATUS, telemetryNumber } from "../../spec/telemetry.ts";
import {
  Asm,
  type Body,
  type Ground,
  NO_RESULT,
  ONE_I32,
  ONE_I64,
  type Target,
  targetOf,
} from "./asm.ts";

/** The slot functions that wrappers call. */
export interface SlotTargets {
  readonly take: Target;
  readonly begin: Target;
  readonly finish: Target;
  readonly release: Target;
  /** Null where a stream without fuel traps. */
  readonly spentOut: Target | null;
  /** Null where the plugin cannot say for which stream it acts. */
  readonly adopt: Target | null;
}

/** What a stream that is out of fuel meets instead of a trap. */
export interface Landing {
  /** What its callbacks answer. */
  readonly action: number;
  /** proxy_send_local_response; null where the stream passes unchecked. */
  readonly answer: { readonly call: Target; readonly price: number } | null;
  /** Reports it; null without telemetry. */
  readonly tell: Target | null;
}

export interface SlotPlan {
  readonly slots: number;
  /** Budget of a stream in units of fuel. */
  readonly request: number;
  /** Index of the first function. */
  readonly first: number;
  readonly ground: Ground;
  /** Tells what a stream has used; null without telemetry. */
  readonly report: Target | null;
  readonly landing: Landing | null;
  /** The plugin may say for which stream it acts. */
  readonly adopts: boolean;
}

/** How many functions `slotFunctions` makes. */
export function slotFunctionCount(lands: boolean, adopts: boolean): number {
  return 9 + (lands ? 1 : 0) + (adopts ? 1 : 0);
}

export interface SlotFunctions {
  readonly functions: readonly { readonly name: string; readonly body: Body }[];
  readonly targets: SlotTargets;
}

/**
 * A function that does `arm` for the slot in its first parameter. Its cost is that of the way through the longest
 * arm: all blocks, one arm, its return.
 */
function switchBody(
  slots: number,
  params: readonly number[],
  results: readonly number[],
  ground: Ground,
  arm: (asm: Asm, slot: number) => void,
): Body {
  const asm = new Asm(ground);
  for (let k = 0; k < slots; k++) asm.block();
  asm.local("get", 0).table(slots - 1);
  const head = asm.cost;
  let way = head;
  for (let k = 0; k < slots; k++) {
    asm.op("end");
    const before = asm.cost;
    arm(asm, k);
    asm.return(results.length);
    way = head + asm.cost - before;
  }
  const all = asm.cost;
  return asm.body(params, results, way - all);
}

class Slots {
  readonly #ground: Ground;
  readonly #slots: number;
  readonly #request: number;
  readonly #first: number;
  readonly #report: Target | null;
  readonly #landing: Landing | null;
  readonly #adopts: boolean;
  readonly functions: { name: string; body: Body }[] = [];

  constructor({ slots, request, first, ground, report, landing, adopts }: SlotPlan) {
    this.#slots = slots;
    this.#request = request;
    this.#first = first;
    this.#ground = ground;
    this.#report = report;
    this.#landing = landing;
    this.#adopts = adopts;
  }

  #add(name: string, body: Body): Target {
    const index = this.#first + this.functions.length;
    this.functions.push({ name, body });
    return targetOf(index, body);
  }

  /** The slot of probe j of the id in local 0, on the stack. */
  #probe(asm: Asm, j: number): Asm {
    return asm.local("get", 0).i32(j).op("i32.add").i32(this.#slots).op("i32.rem_u");
  }

  get #probes(): number[] {
    return Array.from({ length: Math.min(SLOT_PROBES, this.#slots) }, (_, j) => j);
  }

  #find(slotId: Target): Body {
    const asm = new Asm(this.#ground);
    asm.local("get", 0).op("i32.eqz").if().i32(0).return(1).op("end");
    for (const j of this.#probes) {
      this.#probe(asm, j).call(slotId).local("get", 0).op("i32.eq").if();
      this.#probe(asm, j).i32(1).op("i32.add").return(1).op("end");
    }
    asm.i32(0);
    return asm.body(ONE_I32, ONE_I32);
  }

  #take(find: Target, slotId: Target, slotOwn: Target, slotStore: Target): Body {
    const asm = new Asm(this.#ground, [[1, I32]]);
    asm.local("get", 0).op("i32.eqz").if().return(0).op("end");
    asm.local("get", 0).call(find).if().return(0).op("end");
    for (const j of this.#probes) {
      this.#probe(asm, j).local("tee", 1).call(slotId).op("i32.eqz").if();
      asm.local("get", 1).local("get", 0).call(slotOwn);
      asm.i64(this.#request).set("left").i64(0).set("used");
      asm.local("get", 1).call(slotStore).return(0).op("end");
    }
    asm.get("unslotted").i32(1).op("i32.add").set("unslotted");
    return asm.body(ONE_I32, NO_RESULT);
  }

  #begin(find: Target, slotLoad: Target): Body {
    const asm = new Asm(this.#ground, [[1, I32]]);
    asm.i64(0).set("used").local("get", 0).call(find).local("tee", 2).set("slot");
    asm.local("get", 2).op("i32.eqz").if();
    asm.i64(this.#request).set("left").local("get", 1).return(1).op("end");
    asm.local("get", 2).i32(1).op("i32.sub").call(slotLoad);
    if (this.#landing !== null)
      asm.get("left").i64(1).op("i64.lt_s").if().local("get", 1).return(1).op("end");
    asm.get("left").local("get", 1).get("left").local("get", 1).op("i64.lt_s", "select");
    return asm.body([I32, I64], ONE_I64);
  }

  #finish(slotStore: Target): Body {
    const asm = new Asm(this.#ground);
    asm.get("left").get("spent").op("i64.sub").get("fuel").op("i64.add").set("left");
    asm.get("slot").i32(0).op("i32.gt_s").if();
    asm.get("slot").i32(1).op("i32.sub").call(slotStore).op("end").i32(0).set("slot");
    return asm.body(NO_RESULT, NO_RESULT);
  }

  #release(find: Target, slotOwn: Target, slotLoad: Target): Body {
    const asm = new Asm(this.#ground, [[1, I32]]);
    asm.local("get", 0).call(find).local("tee", 1).if();
    if (this.#report !== null) {
      asm.local("get", 1).i32(1).op("i32.sub").call(slotLoad);
      asm.i64(this.#request).get("left").op("i64.sub").call(this.#report);
    }
    asm.local("get", 1).i32(1).op("i32.sub").i32(0).call(slotOwn).op("end");
    return asm.body(ONE_I32, NO_RESULT);
  }

  /** What a callback answers without its plugin, -1 where the plugin runs; local 1 is the least that it needs. */
  #spentOut(landing: Landing, find: Target, slotLoad: Target, slotStore: Target): Body {
    const { action, answer, tell } = landing;
    const asm = new Asm(this.#ground, [[1, I32]]);
    const runs = () => asm.if().i32(-1).return(1).op("end");
    asm.local("get", 0).call(find).local("tee", 2).op("i32.eqz");
    runs().get("phase").i32(PHASE.idle).op("i32.ne");
    runs().local("get", 2).i32(1).op("i32.sub").call(slotLoad);
    asm.get("left").local("get", 1).op("i64.ge_s");
    runs().get("left").i64(0).op("i64.ge_s").if();
    asm.i64(-1).set("left").local("get", 2).i32(1).op("i32.sub").call(slotStore);
    if (tell !== null) {
      asm.i32(PHASE.guest).set("phase");
      asm.metricGlobal("get", "id", telemetryNumber("budget_exhausted")).i64(1).call(tell);
      asm.i32(PHASE.idle).set("phase");
    }
    if (answer !== null) {
      asm.i32(PHASE.guest).set("phase").reach().i32(EXHAUSTED_STATUS);
      for (let k = 0; k < 6; k++) asm.i32(0);
      asm.i32(-1).call(answer.call).back().if().op("unreachable", "end");
      asm.i32(PHASE.idle).set("phase");
    }
    asm.op("end").i32(action);
    return asm.body([I32, I64], ONE_I32, answer?.price ?? 0);
  }

  /** From here on an answer is the business of the stream in local 0, whose account bounds what is left of it. */
  #adopt(find: Target, slotLoad: Target): Body {
    const asm = new Asm(this.#ground, [[1, I32]]);
    asm.get("slot").i32(UNNAMED).op("i32.ne").if().return(0).op("end");
    asm.local("get", 0).call(find).local("tee", 1).op("i32.eqz").if().return(0).op("end");
    asm.local("get", 1).set("slot").local("get", 1).i32(1).op("i32.sub").call(slotLoad);
    if (this.#landing !== null) asm.get("left").i64(1).op("i64.ge_s").if();
    asm.get("fuel").get("left").op("i64.gt_s").if();
    asm.get("spent").get("fuel").op("i64.sub").get("left").op("i64.add").set("spent");
    asm.get("left").set("fuel").op("end");
    if (this.#landing !== null) asm.op("end");
    // What was used before stays with the callback: the account is settled by the difference.
    asm.get("left").get("spent").op("i64.add").get("fuel").op("i64.sub").set("left");
    return asm.body(ONE_I32, NO_RESULT);
  }

  #switch(
    name: string,
    type: readonly [params: readonly number[], results: readonly number[]],
    arm: (asm: Asm, slot: number) => void,
  ) {
    return this.#add(name, switchBody(this.#slots, type[0], type[1], this.#ground, arm));
  }

  build(): SlotTargets {
    const one = [ONE_I32, NO_RESULT] as const;
    const slotId = this.#switch("slotId", [ONE_I32, ONE_I32], (asm, k) =>
      asm.slotGlobal("get", k, "id"),
    );
    const slotOwn = this.#switch("slotOwn", [[I32, I32], NO_RESULT], (asm, k) =>
      asm.local("get", 1).slotGlobal("set", k, "id"),
    );
    const slotLoad = this.#switch("slotLoad", one, (asm, k) =>
      asm.slotGlobal("get", k, "left").set("left").slotGlobal("get", k, "used").set("used"),
    );
    const slotStore = this.#switch("slotStore", one, (asm, k) =>
      asm.get("left").slotGlobal("set", k, "left").get("used").slotGlobal("set", k, "used"),
    );
    const find = this.#add("find", this.#find(slotId));
    const take = this.#add("take", this.#take(find, slotId, slotOwn, slotStore));
    const begin = this.#add("begin", this.#begin(find, slotLoad));
    const finish = this.#add("finish", this.#finish(slotStore));
    const release = this.#add("release", this.#release(find, slotOwn, slotLoad));
    const spentOut =
      this.#landing === null
        ? null
        : this.#add("spentOut", this.#spentOut(this.#landing, find, slotLoad, slotStore));
    const adopt = this.#adopts ? this.#add("adopt", this.#adopt(find, slotLoad)) : null;
    return { take, begin, finish, release, spentOut, adopt };
  }
}

/** The slot functions, from index `first` on. */
export function slotFunctions(plan: SlotPlan): SlotFunctions {
  const builder = new Slots(plan);
  const targets = builder.build();
  return { functions: builder.functions, targets };
}
