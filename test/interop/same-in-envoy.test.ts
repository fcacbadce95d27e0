// Well-behaved plugins of every toolchain do request by request the same in a stock Envoy, as shipped and hardened with
// guards, accounts and telemetry on: answers, what reached the upstream, calls, log lines, metrics. 0 differences.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import type { PluginRow } from "../../plugins/catalog.ts";
import { contain } from "../../src/contain/contain.ts";
import { inspect } from "../../src/inspect/inspect.ts";
import { METRIC_PREFIX } from "../../src/spec/telemetry.ts";
import { findEnvoy } from "../../src/trial/envoy/find-envoy.ts";
import { type Played, playScene, type SceneAsk } from "../../src/trial/envoy/scene.ts";
import { CUSTOM, pluginLines } from "../../src/trial/envoy/words.ts";
import { requests } from "../same/cycles.ts";
import { present } from "./party.ts";
import { allPlugins, guardedPolicyOf, skipReason } from "./plugins.ts";

/** Of the proxy's and the machine's own, other each time. */
const passing = new Set(["date", "x-request-id", "x-envoy-upstream-service-time", "keep-alive"]);
/** What plugins may read of the clock: durations that they log or record. */
const masked = (text: string): string =>
  text
    .replace(/\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/g, "request-id")
    .replace(/127\.0\.0\.1:\d+/g, "127.0.0.1:port")
    .replace(/\d+(\.\d+)? ?(ms|us|ns)\b/g, "time");

const REQUEST = new Set([":method", ":path", ":authority"]);

function asksOf(row: PluginRow): readonly SceneAsk[] {
  return requests(row).map(({ headers, body }) => {
    const own = headers.filter(([name]) => !REQUEST.has(name));
    const path = headers.find(([name]) => name === ":path")![1];
    return { plugin: row.name, path, headers: own, ...(body === undefined ? {} : { body }) };
  });
}

/** All that a client, an upstream, a target or an operator sees. */
function transcript(played: Played): readonly string[] {
  const { start, answers, calls, stats, ended } = played;
  const own = Object.entries(stats.after).filter(
    ([name]) => name.startsWith(CUSTOM) && !name.startsWith(`${CUSTOM}${METRIC_PREFIX}`),
  );
  const seen = [
    { start, ended },
    ...answers.map(({ status, headers, body, lost }) => ({
      status,
      headers: Object.entries(headers).filter(([name]) => !passing.has(name)),
      body,
      lost,
    })),
    ...calls.map(({ path, headers, body }) => ({ path, headers, body })),
    ...pluginLines(played),
    own,
  ];
  return seen.map((one) => masked(JSON.stringify(one)));
}

/** Whether it has a callback in which a hardened module defines its metrics. */
function starts(bytes: Uint8Array): boolean {
  return inspect(bytes).callbacks.some(({ name }) => /^proxy_on_(vm_start|configure)$/.test(name));
}

const built = (await allPlugins()).filter(({ row }) => row.kind !== "adversary");

for (const one of built) {
  const { row } = one;
  const skip = "missing" in one ? skipReason(one.missing) : false;
  test(`${row.name} does the same in Envoy, hardened and not`, { skip }, async (t) => {
    if ("missing" in one || !present(t, "envoy")) return;
    const found = await findEnvoy(undefined, process.env);
    const play = async (bytes: Uint8Array): Promise<Played> => {
      const { name, configuration } = row;
      const given = configuration === undefined ? {} : { configuration };
      const plugin = { name, bytes, failure: "closed", vmId: name, ...given } as const;
      const targets = ["external-auth-cluster"];
      return playScene({ plugins: [plugin], asks: asksOf(row), targets, patience: 120_000 }, found);
    };
    const bytes = new Uint8Array(readFileSync(one.path));
    const original = await play(bytes);
    assert.equal(original.start, "ready");
    assert.equal(original.answers.length, requests(row).length);
    const hardened = await play(contain(bytes, guardedPolicyOf(row, "bound")).bytes);
    assert.deepEqual(transcript(hardened), transcript(original));
    const told = Object.keys(hardened.stats.after).some((name) => name.includes(METRIC_PREFIX));
    assert.equal(told, starts(bytes), "telemetry is on, and told where the plugin has a start");
  });
}
