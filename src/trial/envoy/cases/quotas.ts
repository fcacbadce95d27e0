// Beyond the article's tables: plugins that make an Envoy spend memory, log and time that no limit of its own covers,
// by calls that their policies allow. Memory is that of the process, as the system tells it.
import type { Cell, Measured } from "../../case.ts";
import {
  ALIASED,
  FEEDER,
  HEADERS,
  HOARD,
  LOGS,
  roleOf,
  rules,
  STORM,
  TICKS,
} from "../../cases/quotas.ts";
import { plural, refusal } from "../../words.ts";
import type { EnvoyCase } from "../envoy-case.ts";
import { type EnvoyLab, HANG, type SceneOptions } from "../envoy-lab.ts";
import type { Played, SceneAsk } from "../scene.ts";
import {
  account,
  answerText,
  bystanderText,
  dataOf,
  deniedIn,
  memoryText,
  pluginLines,
} from "../words.ts";

/** MiB of growth that count as the host's harm, and that a contained plugin stays below. */
const HARM = 300;
const KEPT = 84;

type Asks = readonly Omit<SceneAsk, "plugin">[];

async function both(lab: EnvoyLab, name: string, asks: Asks, options: SceneOptions = {}) {
  const before = await lab.unhardened(name, asks, options);
  const policy = lab.policy(roleOf(name), rules[name] ?? {});
  const { played, refused } = await lab.hardened(name, policy, asks, options);
  if (played === null) throw new Error(refusal(refused).text);
  return { before, after: played, policy };
}

const growth = ({ memory: { idle, peak } }: Played): number | null =>
  idle === null || peak === null ? null : peak - idle;

const unhurt = ({ ended, answers, bystanders }: Played): boolean =>
  ended === null && bystanders.failed === 0 && answers.every((one) => one.status === 200);

/** Memory of one request, and that the contained plugin's request and all others are answered. */
async function spends(
  lab: EnvoyLab,
  name: string,
  call: string,
  options: SceneOptions = {},
): Promise<Measured> {
  const { before, after } = await both(lab, name, [{}], options);
  const [harm, kept] = [growth(before), growth(after)];
  const denied = options.level === "critical" || deniedIn(after).includes(call);
  return {
    unhardened: account(before),
    hardened: account(after),
    // A system that tells no memory can show neither the harm nor its absence.
    held: harm !== null && harm >= HARM && kept !== null && kept <= KEPT && denied && unhurt(after),
    details: [],
  };
}

const MEMORY =
  "held when the default takes 300 MiB and the hardened plugin stays within its cap + 20 MiB, its request is answered and nobody else's fails";

export const aliasedWrite: EnvoyCase = {
  id: "aliased-write",
  measurement: `peak memory of the Envoy process in one request, its log off; ${MEMORY}`,
  plugins: [ALIASED],
  measure: (lab) => spends(lab, ALIASED, "fd_write", { level: "critical" }),
};

export const headerAdds: EnvoyCase = {
  id: "header-adds",
  measurement: `peak memory of the Envoy process in one request; ${MEMORY}`,
  plugins: [HEADERS],
  measure: (lab) => spends(lab, HEADERS, "proxy_add_header_map_value"),
};

export const sharedDataHoard: EnvoyCase = {
  id: "shared-data-hoard",
  measurement: `peak memory of the Envoy process in one request that writes 1,000 values of 1 MB; ${MEMORY}`,
  plugins: [HOARD],
  measure: (lab) => spends(lab, HOARD, "proxy_set_shared_data"),
};

export const logFlood: EnvoyCase = {
  id: "log-flood",
  measurement:
    "lines of 1 KiB that one request writes into Envoy's log, counted up to 1,900; held when they are so many by default, and hardened no more than the policy's bytes",
  plugins: [LOGS],
  async measure(lab) {
    const { before, after, policy } = await both(lab, LOGS, [{}]);
    const lines = (played: Played): number => pluginLines(played).length;
    const cell = (played: Played): Cell => {
      const count = Math.min(lines(played), 1900);
      const more = count === 1900 ? " and more" : "";
      const text = `${plural(count, "line")}${more}; request ${answerText(played.answers[0])}`;
      return { text, data: { ...dataOf(played), lines: lines(played) } };
    };
    const most = policy.limits.log.bytes! / 1024 + 1;
    const held = lines(before) >= 1900 && lines(after) > 0 && lines(after) <= most;
    return {
      unhardened: cell(before),
      hardened: cell(after),
      held: held && unhurt(after),
      details: [],
    };
  },
};

export const queueFeeder: EnvoyCase = {
  id: "queue-feeder",
  measurement:
    "requests after one that begins a queue that feeds itself, and the others on the worker; held when they wait in vain or memory grows by 300 MiB by default, and hardened all are answered and memory stays within the cap + 20 MiB",
  plugins: [FEEDER],
  async measure(lab) {
    const options = { between: 2000, patience: HANG } as const;
    const { before, after } = await both(lab, FEEDER, [{}, {}, {}], options);
    const cell = (played: Played): Cell => {
      const asked = played.answers.map(answerText).join(", ");
      const denied = deniedIn(played);
      const said = denied.length === 0 ? "" : `; denied ${denied.join(", ")}`;
      const text = `requests ${asked}${said}; ${bystanderText(played)}; ${memoryText(played)}`;
      return { text, data: dataOf(played) };
    };
    const stuck = before.answers.some((one) => one.lost !== null) || before.bystanders.failed > 0;
    const harmed = stuck || (growth(before) ?? 0) >= HARM;
    const kept = growth(after);
    return {
      unhardened: cell(before),
      hardened: cell(after),
      held:
        harmed &&
        unhurt(after) &&
        deniedIn(after).includes("proxy_enqueue_shared_queue") &&
        kept !== null &&
        kept <= KEPT,
      details: [],
    };
  },
};

export const tickStorm: EnvoyCase = {
  id: "tick-storm",
  measurement:
    "ticks in two seconds of a plugin that asks for one each millisecond; held when they are hundreds by default and none hardened",
  plugins: [TICKS],
  async measure(lab) {
    const { before, after } = await both(lab, TICKS, [{}, {}], { between: 2000 });
    const ticks = (played: Played): number =>
      pluginLines(played).filter((line) => line.includes("tick-storm: tick")).length;
    const cell = (played: Played): Cell => {
      const denied = deniedIn(played);
      const said = denied.length === 0 ? "" : `; denied ${denied.join(", ")}`;
      const text = `${plural(ticks(played), "tick")}${said}; ${bystanderText(played)}`;
      return { text, data: { ...dataOf(played), ticks: ticks(played) } };
    };
    const named = deniedIn(after).includes("proxy_set_tick_period_milliseconds");
    return {
      unhardened: cell(before),
      hardened: cell(after),
      held: ticks(before) >= 200 && ticks(after) === 0 && named && unhurt(after),
      details: [],
    };
  },
};

export const dispatchStorm: EnvoyCase = {
  id: "dispatch-storm",
  measurement:
    "calls that arrive in one request of a plugin that sends 200; held when all do by default, and hardened as many as the policy says",
  plugins: [STORM],
  async measure(lab) {
    const targets = ["exfiltration"];
    const before = await lab.unhardened(STORM, [{}], { targets, expectCalls: 200 });
    const policy = lab.policy(roleOf(STORM), rules[STORM] ?? {});
    const most = policy.limits.dispatch.total!;
    const options = { targets, expectCalls: most };
    // A second request has an allowance of its own: what arrives is told after both.
    const { played } = await lab.hardened(STORM, policy, [{}], options);
    if (played === null) throw new Error("the plugin is refused");
    const cell = ({ calls }: Played): string => `${plural(calls.length, "call")} arrived`;
    return {
      unhardened: { text: cell(before), data: dataOf(before) },
      hardened: { text: cell(played), data: dataOf(played) },
      held:
        before.calls.length === 200 &&
        played.calls.length === most &&
        deniedIn(played).includes("proxy_http_call"),
      details: [],
    };
  },
};
