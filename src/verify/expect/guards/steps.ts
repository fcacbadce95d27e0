// The steps of which checks are made, under the names that they have in docs/guards.md, "Checks".
import { BUFFERS, type BufferName, type StatusRange } from "../../../policy/rules.ts";
import { CLIENT_MAPS } from "../../../spec/guards.ts";
import { BUFFER } from "../../../spec/status.ts";
import type { Matcher } from "./match.ts";
import { DENY, unless, when, wide } from "./phrases.ts";

const denyUnless = (condition: string): string => unless(condition, DENY);

export const MATCH = (p: number, n: number, matcher: Matcher): string =>
  denyUnless(`local.get ${p} local.get ${n} call ${matcher}`);
export const MATCHN = (matcher: Matcher): string =>
  denyUnless(`local.get 0 local.get n call ${matcher}`);

const CLIENT = `local.get 0 i32.const ${CLIENT_MAPS} i32.lt_u`;
export const NOT_CLIENT = when(CLIENT, DENY);
export const MAP_RULE = (matcher: Matcher): string =>
  when(CLIENT, denyUnless(`local.get 1 local.get 2 local.get 0 call ${matcher}`));

/** Spends the sum of some lengths. */
export const SPEND = (spender: string, ...lengths: readonly number[]): string => {
  const [first, ...others] = lengths.map(wide);
  const sum = [first, ...others.map((one) => `${one} i64.add`)].join(" ");
  return denyUnless(`${sum} call ${spender}`);
};
export const ONE = (spender: string): string => denyUnless(`i64.const 1 call ${spender}`);

export const OPEN = (outstanding: number): string =>
  when(`global.get open i32.const ${outstanding} i32.ge_u`, DENY);

const numbers: Readonly<Record<BufferName, number>> = {
  request: BUFFER.httpRequestBody,
  response: BUFFER.httpResponseBody,
  downstream: BUFFER.downstreamData,
  upstream: BUFFER.upstreamData,
};
export const BUFFERS_BUT = (named: readonly BufferName[]): string =>
  BUFFERS.filter((name) => !named.includes(name))
    .map((name) => when(`local.get 0 i32.const ${numbers[name]} i32.eq`, DENY))
    .join(" ");

export const STATUS_IN = (ranges: readonly StatusRange[]): string => {
  const inside = ([from, to]: StatusRange, i: number): string =>
    `local.get 0 i32.const ${from} i32.ge_u local.get 0 i32.const ${to} i32.le_u
      i32.and ${i > 0 ? "i32.or" : ""}`;
  return denyUnless(ranges.length === 0 ? "i32.const 0" : ranges.map(inside).join(" "));
};

export const PAIRS = (p: number, n: number, walker: string): string =>
  `local.get ${p} local.get ${n} call ${walker} local.tee v i32.const -1 i32.ne
    if local.get v return end`;
