// The steps that checks are made of (docs/guards.md, "Checks"). A step writes code that leaves the check with a
// denial or a status, or falls through; it may use the one local that its check declares.
import type { Rules } from "../../../policy/rules.ts";
import { BUFFERS } from "../../../policy/rules.ts";
import { I32, I64 } from "../../../spec/binary.ts";
import { CHECK, CLIENT_MAPS, GUARD, headerPaths } from "../../../spec/guards.ts";
import { BUFFER, ERRNO, STATUS } from "../../../spec/status.ts";
import { METRIC_RESERVED } from "../../../spec/telemetry.ts";
import type { Asm } from "../asm.ts";
import {
  denyIf,
  denyUnless,
  type GuardContext,
  type GuardName,
  type MatcherName,
  type SpenderName,
  sayIf,
} from "./guard.ts";
import { bytesOf, pieces } from "./pieces.ts";

export interface Step {
  /** What of the policy it keeps, in the words of the report. */
  readonly by: string;
  /** Type of the local that it uses. */
  readonly local?: number;
  /** Writes the step; `local` is the index of the check's local. */
  readonly write: (asm: Asm, context: GuardContext, local: number) => void;
}

const client = (asm: Asm): Asm => asm.local("get", 0).i32(CLIENT_MAPS).op("i32.lt_u");

/** The bytes at p, n of them, must be on a list. */
export function listed(by: string, p: number, n: number, list: MatcherName): Step {
  return {
    by,
    write: (asm, { target }) => {
      denyUnless(asm.local("get", p).local("get", n).call(target(list)));
    },
  };
}

/** In a map of the client the header's name must be on a list. */
export function header(by: string, list: MatcherName): Step {
  return {
    by,
    write: (asm, { target }) => {
      client(asm).if().local("get", 1).local("get", 2).local("get", 0);
      denyUnless(asm.call(target(list))).op("end");
    },
  };
}

/** A whole map of the client is more than a rule about names can grant. */
export function noClientMap(by: string): Step {
  return { by, write: (asm) => void denyIf(client(asm)) };
}

/** The sum of some lengths is spent, or one where there is none. */
export function spend(by: string, spender: SpenderName, ...lengths: readonly number[]): Step {
  return {
    by,
    write: (asm, { target }) => {
      if (lengths.length === 0) asm.i64(1);
      lengths.forEach((length, k) => {
        asm.local("get", length).op("i64.extend_i32_u");
        if (k > 0) asm.op("i64.add");
      });
      denyUnless(asm.call(target(spender)));
    },
  };
}

/** Fewer calls than the limit may be without an answer. */
export function fewOpen(by: string, most: number): Step {
  return {
    by,
    write: (asm) => void denyIf(asm.get("open").i32(most).op("i32.ge_u")),
  };
}

const bufferNumbers = {
  request: BUFFER.httpRequestBody,
  response: BUFFER.httpResponseBody,
  downstream: BUFFER.downstreamData,
  upstream: BUFFER.upstreamData,
} as const;

/** None of the client's buffers but those named. */
export function buffers(by: string, named: NonNullable<Rules["bodies"]["read"]>): Step {
  return {
    by,
    write: (asm) => {
      for (const name of BUFFERS) {
        if (named.includes(name)) continue;
        denyIf(asm.local("get", 0).i32(bufferNumbers[name]).op("i32.eq"));
      }
    },
  };
}

/** A status inside one of the ranges. */
export function statuses(by: string, ranges: NonNullable<Rules["responses"]>): Step {
  return {
    by,
    write: (asm) => {
      if (ranges.length === 0) asm.i32(0);
      for (const [k, [from, to]] of ranges.entries()) {
        asm.local("get", 0).i32(from).op("i32.ge_u").local("get", 0).i32(to).op("i32.le_u");
        asm.op("i32.and");
        if (k > 0) asm.op("i32.or");
      }
      denyUnless(asm);
    },
  };
}

/** A serialised map that keeps its form and the rules for what is in it. */
export function map(by: string, p: number, n: number, walk: GuardName): Step {
  return {
    by,
    local: I32,
    write: (asm, { target }, local) => {
      asm.local("get", p).local("get", n).call(target(walk)).local("tee", local);
      asm.i32(CHECK.pass).op("i32.ne").if().local("get", local).return(1).op("end");
    },
  };
}

/** A property's path: one zero at its end is nothing, and what has no segment, too many bytes or empty segments is refused. */
export function path(by: string): Step {
  return {
    by,
    local: I32,
    write: (asm, { target }, n) => {
      const less = () => asm.local("get", n).i32(1).op("i32.sub");
      asm.local("get", 1).local("set", n).local("get", n).if();
      asm.local("get", 0).local("get", n).op("i32.add").i32(1).op("i32.sub");
      asm.memory("i32.load8_u", 0, 0).op("i32.eqz").if();
      less().local("set", n).op("end", "end");
      denyIf(less().i32(GUARD.pathBytes).op("i32.ge_u"));
      denyUnless(asm.local("get", 0).local("get", n).call(target("segments")));
    },
  };
}

/** The path that `path` has taken its last zero off must be on a list. */
export function listedPath(by: string, list: MatcherName): Step {
  return {
    by,
    local: I32,
    write: (asm, { target }, n) => {
      denyUnless(asm.local("get", 0).local("get", n).call(target(list)));
    },
  };
}

/** No path that shows a header which the rules for headers keep back. */
export function noHiddenPath(by: string): Step {
  return {
    by,
    local: I32,
    write: (asm, { target }, n) => {
      denyIf(asm.local("get", 0).local("get", n).call(target("hidden")));
      for (const { segments, map: number } of headerPaths) {
        const start = bytesOf(`${segments.join("\0")}\0`, false);
        asm.local("get", n).i32(start.length).op("i32.gt_u").if();
        pieces(asm, start).if();
        asm.local("get", 0).i32(start.length).op("i32.add");
        asm.local("get", n).i32(start.length).op("i32.sub").i32(number);
        denyUnless(asm.call(target("headersRead"))).op("end", "end");
      }
    },
  };
}

/** A line below the level is dropped, and the plugin hears that it was logged. */
export function level(by: string, least: number): Step {
  return {
    by,
    write: (asm) => void sayIf(asm.local("get", 0).i32(least).op("i32.lt_s"), STATUS.ok),
  };
}

/** The bytes that a WASI vector names are logged. */
export function vectorBytes(by: string): Step {
  return {
    by,
    local: I64,
    write: (asm, { target }, t) => {
      asm.local("get", 1).local("get", 2).call(target("vectors")).local("tee", t);
      sayIf(asm.i64(0).op("i64.lt_s"), ERRNO.inval);
      denyUnless(asm.local("get", t).call(target("spendLog")));
    },
  };
}

/** No timer shorter than the least; 0 turns it off. */
export function period(by: string, least: number): Step {
  return {
    by,
    write: (asm) => {
      asm.local("get", 0).op("i32.eqz", "i32.eqz").if();
      denyIf(asm.local("get", 0).i32(least).op("i32.lt_u")).op("end");
    },
  };
}

/** Only queues whose tokens this instance was given. */
export function ownToken(by: string): Step {
  return {
    by,
    write: (asm, { target }) => {
      asm.local("get", 0).call(target("hasToken")).op("i32.eqz");
      sayIf(asm, STATUS.notFound);
    },
  };
}

/** A metric's name, at 1, does not begin as those of telemetry do, of this plugin or of another. */
export function noOwnName(by: string): Step {
  return {
    by,
    write: (asm) => {
      const prefix = bytesOf(METRIC_RESERVED, false);
      asm.local("get", 2).i32(prefix.length).op("i32.ge_u").if();
      denyIf(pieces(asm, prefix, 1)).op("end");
    },
  };
}

/** A metric's id is none of telemetry's, of which those that the host did not define are 0. */
export function noOwnMetric(by: string): Step {
  return {
    by,
    write: (asm, { ground }) => {
      for (let j = 0; j < ground.metrics; j++) {
        asm.local("get", 0).metricGlobal("get", "id", j).op("i32.eq");
        if (j > 0) asm.op("i32.or");
      }
      sayIf(asm.local("get", 0).op("i32.eqz", "i32.eqz", "i32.and"), STATUS.badArgument);
    },
  };
}
