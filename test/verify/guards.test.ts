// Modules with guards, quotas and request slots (docs/guards.md): what the policy demands is accepted, and nothing
// less than that.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Policy } from "../../src/policy/policy.ts";
import { injectedGlobals } from "../../src/spec/layout.ts";
import { verify } from "../../src/verify/verify.ts";
import { random } from "../fuzz/random.ts";
import { u32 } from "./assemble.ts";
import { forge, type Plan, policyWith } from "./forge.ts";
import { guardedPlan, guardedPolicy, quotaPolicy } from "./guarded.ts";

function codes(plan: Plan, policy: Policy = plan.policy!): string[] {
  return verify(forge(plan), policy).map(({ code }) => code);
}

const refused = (code: string, plan: Plan, policy?: Policy): void => {
  const found = codes(plan, policy);
  assert.ok(found.includes(code), `found ${found.join(", ") || "nothing"}`);
};

const without = (names: readonly string[]): NonNullable<Plan["exports"]> =>
  guardedPlan.exports!.filter(([name]) => !names.includes(name));
const added = ["proxy_on_context_create", "proxy_on_delete"];

test("a module with every guard and with request slots is contained", () => {
  assert.deepEqual(codes(guardedPlan), []);
});

test("quotas alone, without rules and slots, are contained", () => {
  const plan: Plan = { ...guardedPlan, exports: without(added), policy: quotaPolicy };
  assert.deepEqual(codes(plan), []);
});

test("one slot and 2048 are contained", () => {
  for (const streams of [1, 2, 3, 4, 2048]) {
    const limits = { ...guardedPolicy.limits, streams };
    assert.deepEqual(codes({ ...guardedPlan, policy: policyWith(guardedPolicy, limits) }), []);
  }
});

test("a name that WASI has under two module names has a check for each and one stub", () => {
  const twice = [...guardedPlan.imports!, "wasi_unstable.fd_write"];
  assert.deepEqual(codes({ ...guardedPlan, imports: twice }), []);
});

/** A policy that differs from the module's in one rule or quota. */
const others: Readonly<Record<string, Policy>> = {
  "another cluster": { ...guardedPolicy, rules: ruled({ dispatch: { clusters: ["other"] } }) },
  "no clusters": { ...guardedPolicy, rules: ruled({ dispatch: { clusters: null } }) },
  "one header less": { ...guardedPolicy, rules: ruled({ headers: { add: [] } }) },
  "another map": {
    ...guardedPolicy,
    rules: ruled({ headers: { replace: [{ name: "x-1", maps: 8 }] } }),
  },
  "another path": { ...guardedPolicy, rules: ruled({ properties: { read: ["source"] } }) },
  "fewer log bytes": limited({ log: { bytes: 65_535, level: 2 } }),
  "another level": limited({ log: { bytes: 65_536, level: 3 } }),
  "fewer calls": limited({ dispatch: { outstanding: 4, total: 31 } }),
  "fewer open calls": limited({ dispatch: { outstanding: 3, total: 32 } }),
  "a longer tick": limited({ host: { ...guardedPolicy.limits.host, tick: 101 } }),
  "less for a stream": limited({ fuel: { ...guardedPolicy.limits.fuel, request: 2_999_999 } }),
  "one stream less": limited({ streams: 4 }),
  "no accounts": limited({ fuel: { ...guardedPolicy.limits.fuel, request: null } }),
};

type Parts = { [K in keyof Policy["rules"]]?: object };
function ruled(parts: Parts): Policy["rules"] {
  const rows = Object.entries(parts).map(([key, part]) => [
    key,
    { ...(guardedPolicy.rules[key as keyof Parts] as object), ...part },
  ]);
  return { ...guardedPolicy.rules, ...Object.fromEntries(rows) };
}
function limited(limits: Partial<Policy["limits"]>): Policy {
  return { ...guardedPolicy, limits: { ...guardedPolicy.limits, ...limits } };
}

test("a module with other rules or quotas than the policy's is refused", () => {
  for (const [why, policy] of Object.entries(others))
    assert.notDeepEqual(codes(guardedPlan, policy), [], why);
});

test("with slots, both exports that begin and end streams must be there, last and in order", () => {
  for (const name of added) refused("verify-export", { ...guardedPlan, exports: without([name]) });
  const [first, ...rest] = without(added);
  const create = [added[0]!, "added"] as const;
  const remove = [added[1]!, "added"] as const;
  refused("verify-wrapper", { ...guardedPlan, exports: [first!, create, remove, ...rest] });
  refused("verify-wrapper", { ...guardedPlan, exports: [first!, ...rest, remove, create] });
});

test("callbacks that the policy leaves out stand for no function of the guest", () => {
  const policy = { ...guardedPolicy, callbacks: new Set(["proxy_on_http_call_response"]) };
  const named = new Set([...policy.callbacks, "proxy_on_request_headers", "proxy_on_configure"]);
  const left = { ...guardedPlan, policy: { ...policy, callbacks: named } };
  assert.deepEqual(codes(left), []);
  const guests = [...guardedPlan.guests, { type: "i:", code: "CHARGE_G=9 end" }];
  const own = [
    ...without(added),
    [added[1]!, guests.length - 1] as const,
    [added[0]!, "added"] as const,
  ];
  refused("verify-export", { ...left, guests, exports: own });
  assert.deepEqual(codes({ ...guardedPlan, guests, exports: own }), []);
});

test("an import whose check can deny has a stub, one whose check cannot has none", () => {
  const dequeue = [...guardedPlan.stubs!, "proxy_dequeue_shared_queue"];
  refused("verify-stub", { ...guardedPlan, stubs: dequeue });
  // The stub of proxy_log in the place of that of proxy_http_call.
  let log: number[] = [];
  forge({
    ...guardedPlan,
    rewrite: (label, body) => {
      if (label === "stub proxy_log") log = body;
      return body;
    },
  });
  const swapped: Plan = {
    ...guardedPlan,
    rewrite: (label, body) => (label === "stub proxy_http_call" ? log : body),
  };
  refused("verify-stub", swapped);
});

test("guest code calls no guard, no slot function and no stub of an allowed import", () => {
  const labels: readonly (readonly [label: string, args: string])[] = [
    ["pay", "i64.const 0"],
    ["finish", ""],
    ["release", "i32.const 0"],
    ["keepToken", "i32.const 0"],
    ["stub.proxy_log", "i32.const 0 i32.const 0 i32.const 0"],
  ];
  for (const [label, args] of labels) {
    const guest = { type: ":", code: `CHARGE_G=9000 ${args} call $${label} end` };
    refused("verify-private-function", {
      ...guardedPlan,
      guests: [guest, ...guardedPlan.guests.slice(1)],
    });
  }
});

test("guest code reads and writes no global of a quota or of a slot", () => {
  const first = `${injectedGlobals.length}`;
  const keys = ["used", "left", "slot", "bodied", "kept", "queued", "defined", "open", "token0"];
  for (const key of [...keys, "slots"]) {
    const zero = ["slot", "open", "token0", "slots"].includes(key) ? "i32.const 0" : "i64.const 0";
    for (const use of [`global.get $${key} drop`, `${zero} global.set $${key}`]) {
      const guest = { type: ":", code: `CHARGE_G=9000 ${use} end` };
      const guests = [guest, ...guardedPlan.guests.slice(1)];
      refused("verify-template", { ...guardedPlan, guests });
    }
  }
  assert.ok(Number(first) > keys.length);
});

test("globals of slots begin at 0, and there are as many as the policy has streams", () => {
  const edited = (change: (own: number[]) => number[]): Plan => ({
    ...guardedPlan,
    edit: { global: change },
  });
  const last = (own: number[]): number => own.length - 2;
  refused(
    "verify-global",
    edited((own) => own.with(last(own), 1)),
  );
  const count = injectedGlobals.length + 3 * guardedPolicy.limits.streams;
  const fewer = edited((own) => [...u32(count - 1), ...own.slice(1, -5)]);
  assert.notDeepEqual(codes(fewer), []);
  const more = edited((own) => [...u32(count + 1), ...own.slice(1), 0x7e, 1, 0x42, 0, 0x0b]);
  assert.notDeepEqual(codes(more), []);
  refused(
    "verify-global",
    edited((own) => [...u32(7), ...own.slice(1, 1 + 7 * 5)]),
  );
});

test("no byte of a guard, a slot function, a thunk or a wrapper can be changed unnoticed", () => {
  // One byte of every second body at a time: each must have a finding of its own.
  const changeable = /^(stub|bulk|grow|enter|deny)/;
  const r = random(6);
  for (let round = 0; round < 24; round++) {
    const labels: string[] = [];
    let place = 0;
    const plan: Plan = {
      ...guardedPlan,
      rewrite: (label, body) => {
        if (changeable.test(label) || place++ % 2 !== round % 2) return body;
        labels.push(label);
        // Not the number of local groups, which would end the body elsewhere.
        const at = 1 + r.int(body.length - 1);
        return body.with(at, body[at]! ^ r.pick([1, 2, 4, 8, 0x40]));
      },
    };
    const found = verify(forge(plan), guardedPolicy);
    // An unreadable index ends the reading.
    if (found.some(({ code }) => /^verify-(malformed|canonical)$/.test(code))) continue;
    const funcs = found.map(({ where }) => (where?.at === "bytes" ? where.func : undefined));
    assert.ok(new Set(funcs).size >= labels.length, `round ${round}`);
  }
});
