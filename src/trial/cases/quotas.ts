// Beyond the article's tables: what a plugin can make its host spend by calls that its policy allows. The lab's own
// host has bounds that stock proxies lack; what a real one spends is measured with `--engine envoy`.
import type { Case, Cell } from "../case.ts";
import { type Lab, type PolicyOverrides, requestsOf } from "../lab.ts";
import type { RequestSeen, Run, Step, TickSeen } from "../script.ts";
import { plural, refusal } from "../words.ts";

const table = "host-safety";

export const ALIASED = "fd-write-alias";
export const HEADERS = "header-adds";
export const LOGS = "log-flood";
export const HOARD = "shared-data-hoard";
export const FEEDER = "queue-feeder";
export const TICKS = "tick-storm";
export const STORM = "dispatch-storm";

const QUEUES = ["proxy_register_shared_queue", "proxy_enqueue_shared_queue"] as const;

/** What each may call: quotas bound what is allowed. */
export const rules: Readonly<Record<string, PolicyOverrides>> = {
  [FEEDER]: { "spec.capabilities.allow+": QUEUES },
  [TICKS]: { "spec.capabilities.allow+": ["proxy_set_tick_period_milliseconds"] },
  [STORM]: { "spec.dispatch.clusters": ["exfiltration"] },
};

export const roleOf = (name: string) =>
  name === STORM ? "external-auth" : name === HOARD ? "rate-limiter" : "header-rewriter";

type PlayStep = Exclude<Step, { do: "load" }>;

/** A plugin's two columns, and what the hardened module denied. */
async function both(lab: Lab, name: string, steps: readonly PlayStep[]) {
  const before = await lab.unhardened(name, steps);
  const policy = lab.policy(roleOf(name), rules[name] ?? {});
  const result = await lab.hardened(name, policy, steps);
  if (result.refused !== null) throw new Error(refusal(result.refused).text);
  return { before, after: result.run, policy };
}

const first = (run: Run): RequestSeen => requestsOf(run)[0]!;
const denies = (seen: { after: { denied: readonly string[] } }, name: string): boolean =>
  seen.after.denied.includes(name);

const bytesOf = (headers: RequestSeen["upstream"], name: string): number =>
  (headers ?? [])
    .filter(([key]) => key === name)
    .reduce((sum, [key, value]) => sum + key.length + value.length, 0);

export const aliasedWrite: Case = {
  id: "aliased-write",
  table,
  signal: "Write of one buffer named many times",
  measurement:
    "what a write of 768 MiB that 16 vectors name comes to; held when the module denies it before its host sees it",
  plugins: [ALIASED],
  async measure(lab) {
    const steps = [{ do: "request", plugin: ALIASED }] as const;
    const { before, after } = await both(lab, ALIASED, steps);
    const said = (seen: RequestSeen): Cell => {
      const data = { denied: seen.after.denied, logged: seen.logged };
      const denied = denies(seen, "fd_write") ? "; denied fd_write" : "";
      return { text: `${plural(seen.logged, "line")} of log${denied}`, data };
    };
    return {
      unhardened: {
        ...said(first(before)),
        text: `${said(first(before)).text}: the lab's own host refuses it`,
      },
      hardened: said(first(after)),
      held: denies(first(after), "fd_write"),
      details: [],
    };
  },
};

export const headerAdds: Case = {
  id: "header-adds",
  table,
  signal: "Request headers without end",
  measurement:
    "bytes of headers that a plugin adds to one request; held when they are more than the policy's limit unhardened, and at most that hardened",
  plugins: [HEADERS],
  async measure(lab) {
    const steps = [{ do: "request", plugin: HEADERS }] as const;
    const { before, after, policy } = await both(lab, HEADERS, steps);
    const most = policy.limits.host.headerBytes!;
    const cell = (run: Run): Cell => {
      const bytes = bytesOf(first(run).upstream, "x-filler");
      return { text: `${bytes} bytes added`, data: { bytes, denied: first(run).after.denied } };
    };
    const [unhardened, hardened] = [cell(before), cell(after)];
    return {
      unhardened,
      hardened,
      held:
        Number(unhardened.data.bytes) > most &&
        Number(hardened.data.bytes) <= most &&
        denies(first(after), "proxy_add_header_map_value"),
      details: [],
    };
  },
};

export const logFlood: Case = {
  id: "log-flood",
  table,
  signal: "Log lines without end",
  measurement:
    "lines of 1 KiB that one request writes into the log; held when they are thousands unhardened and no more than the policy's bytes hardened",
  plugins: [LOGS],
  async measure(lab) {
    const steps = [{ do: "request", plugin: LOGS }] as const;
    const { before, after, policy } = await both(lab, LOGS, steps);
    const most = policy.limits.log.bytes! / 1024;
    const cell = (run: Run): Cell => {
      const { logged } = first(run);
      return { text: plural(logged, "line"), data: { logged } };
    };
    // One line more: the denial itself.
    const held = first(before).logged >= 10_000 && first(after).logged <= most + 1;
    return { unhardened: cell(before), hardened: cell(after), held, details: [] };
  },
};

export const sharedDataHoard: Case = {
  id: "shared-data-hoard",
  table,
  signal: "Shared data without end",
  measurement:
    "whether a plugin may write 1,000 values of 1 MB; held when the module denies what goes beyond the policy's bytes",
  plugins: [HOARD],
  async measure(lab) {
    const steps = [{ do: "request", plugin: HOARD }] as const;
    const { before, after } = await both(lab, HOARD, steps);
    const cell = (seen: RequestSeen): Cell => {
      const { denied } = seen.after;
      return { text: `denied ${denied.join(", ") || "nothing"}`, data: { denied } };
    };
    return {
      unhardened: cell(first(before)),
      hardened: cell(first(after)),
      held:
        !denies(first(before), "proxy_set_shared_data") &&
        denies(first(after), "proxy_set_shared_data"),
      details: [],
    };
  },
};

/** Rounds of a hundred looks each: enough for what the policy lets through, and more. */
const ROUNDS = 12;
const LOOKS = 100;

export const queueFeeder: Case = {
  id: "queue-feeder",
  table,
  signal: "Queue that feeds itself",
  measurement:
    "callbacks that one item in a plugin's own queue leads to; held when they go on for ever unhardened, and hardened end after the policy's number of items",
  plugins: [FEEDER],
  async measure(lab) {
    const tick = { do: "tick", plugin: FEEDER, advance: 1, times: LOOKS } as const;
    const steps = [
      { do: "request", plugin: FEEDER } as const,
      ...Array.from({ length: ROUNDS }, () => tick),
    ];
    const { before, after, policy } = await both(lab, FEEDER, steps);
    const rounds = (run: Run): readonly number[] =>
      run.seen
        .filter((one): one is TickSeen => one.do === "tick")
        .map((one) => one.after.callbacks);
    const cell = (run: Run): Cell & { readonly ended: boolean } => {
      const counts = rounds(run);
      const ended = counts.at(-1) === counts.at(-2);
      const text = `${counts.at(-1)} callbacks in ${ROUNDS * LOOKS} rounds, ${ended ? "then no more" : "and more to come"}`;
      return { text, data: { counts }, ended };
    };
    const [unhardened, hardened] = [cell(before), cell(after)];
    const most = policy.limits.host.queueItems! + first(after).after.callbacks;
    return {
      unhardened,
      hardened,
      held: !unhardened.ended && hardened.ended && rounds(after).at(-1)! <= most,
      details: [],
    };
  },
};

export const tickStorm: Case = {
  id: "tick-storm",
  table,
  signal: "Timer of a millisecond",
  measurement:
    "ticks in 20 rounds of 5 ms of a plugin that asks for one each millisecond; held when each round ticks unhardened and none hardened, and ticks come where the policy allows the period",
  plugins: [TICKS],
  async measure(lab) {
    const steps = Array.from(
      { length: 20 },
      () => ({ do: "tick", plugin: TICKS, advance: 5 }) as const,
    );
    const { before, after } = await both(lab, TICKS, steps);
    const loose = lab.policy(roleOf(TICKS), { ...rules[TICKS], "spec.limits.host.tick": 1 });
    const control = await lab.hardened(TICKS, loose, steps);
    const ticks = (run: Run): number => {
      const counts = run.seen.filter((one): one is TickSeen => one.do === "tick");
      return counts.at(-1)!.after.callbacks - counts[0]!.after.callbacks + 1;
    };
    const cell = (run: Run): Cell => {
      const last = run.seen.at(-1) as TickSeen;
      const still = last.after.callbacks === (run.seen[1] as TickSeen).after.callbacks;
      const [count, { denied }] = [still ? 0 : ticks(run), last.after];
      return {
        text: `${plural(count, "tick")}; denied ${denied.join(", ") || "nothing"}`,
        data: { ticks: count, denied },
      };
    };
    const [unhardened, hardened] = [cell(before), cell(after)];
    const allowed = control.run === null ? 0 : ticks(control.run);
    return {
      unhardened,
      hardened: {
        ...hardened,
        text: `${hardened.text}; where allowed: ${plural(allowed, "tick")}`,
      },
      held:
        unhardened.data.ticks === 20 &&
        hardened.data.ticks === 0 &&
        (hardened.data.denied as string[]).includes("proxy_set_tick_period_milliseconds") &&
        allowed === 20,
      details: [],
    };
  },
};

export const dispatchStorm: Case = {
  id: "dispatch-storm",
  table,
  signal: "Calls without end",
  measurement:
    "calls that leave in one request of a plugin that sends 200; held when all do unhardened, and hardened as many as the policy says",
  plugins: [STORM],
  async measure(lab) {
    const steps = [{ do: "request", plugin: STORM }] as const;
    const { before, after, policy } = await both(lab, STORM, steps);
    const cell = (run: Run): Cell => {
      const { calls } = first(run);
      return { text: `${plural(calls.length, "call")} left`, data: { calls: calls.length } };
    };
    const held =
      first(before).calls.length === 200 &&
      first(after).calls.length === policy.limits.dispatch.total &&
      denies(first(after), "proxy_http_call");
    return { unhardened: cell(before), hardened: cell(after), held, details: [] };
  },
};
