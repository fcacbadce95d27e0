// The guards that keep quotas (A8, A9): each adds to what has been spent unless that would pass the
// policy's limit. From docs/guards.md.
import type { Policy } from "../../../policy/policy.ts";
import { usedFields } from "../../../spec/layout.ts";
import { signature } from "../expected.ts";
import type { Link, Maker } from "../link.ts";
import { written } from "../words.ts";
import { SAY } from "./phrases.ts";

type Limits = Policy["limits"];
type Quota = (limits: Limits) => number | null;

const type = signature("I:i");

function ofField(name: string, field: keyof typeof usedFields, quota: Quota): [string, Maker] {
  const { shift, width } = usedFields[field];
  return [
    name,
    (link: Link) =>
      written(
        link,
        `the guard ${name}`,
        type,
        `global.get used i64.const ${shift} i64.shr_u i64.const ${2 ** width - 1} i64.and
          local.get 0 i64.add i64.const ${quota(link.context.policy.limits)} i64.gt_u
          if ${SAY(0)} end
          global.get used local.get 0 i64.const ${shift} i64.shl i64.add global.set used
          i32.const 1 end`,
      ),
  ];
}

function ofGlobal(name: string, global: string, quota: Quota): [string, Maker] {
  const sum = `global.get ${global} local.get 0 i64.add`;
  return [
    name,
    (link: Link) =>
      written(
        link,
        `the guard ${name}`,
        type,
        `${sum} i64.const ${quota(link.context.policy.limits)} i64.gt_u if ${SAY(0)} end
          ${sum} global.set ${global} i32.const 1 end`,
      ),
  ];
}

/** Those whose spending one stream, or without a slot one callback, answers for. */
export const fieldSpenders: readonly (readonly [string, Maker])[] = [
  ofField("spendLog", "log", ({ log }) => log.bytes),
  ofField("spendHeaders", "headers", ({ host }) => host.headerBytes),
  ofField("spendDispatches", "dispatches", ({ dispatch }) => dispatch.total),
];

export const spenders: readonly (readonly [string, Maker])[] = [
  ...fieldSpenders,
  ofGlobal("spendBody", "bodied", ({ host }) => host.bodyBytes),
  ofGlobal("spendKept", "kept", ({ host }) => host.sharedData),
  ofGlobal("spendQueued", "queued", ({ host }) => host.queueItems),
  ofGlobal("spendDefined", "defined", ({ host }) => host.metrics),
];
