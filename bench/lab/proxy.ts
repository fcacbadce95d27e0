// The lab as a plain proxy: requests a second and processor time per request, without plugins, against the proxy
// that one writes with node:http, and against Envoy with the same configuration file. All stand before the same
// upstream and take turns.
import { mkdtempSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { isThere } from "../lib/process.ts";
import { type Report, spread } from "../lib/report.ts";
import { alternate, ratios, type Summary } from "../lib/stats.ts";
import {
  type Kind,
  load,
  processorTime,
  type RunningProxy,
  startProxy,
  startUpstream,
} from "./proxy-parties.ts";

const GOAL = 1.3;
const CONNECTIONS = 32;
const FULL = { requests: 20_000, warmup: 2, rounds: 9 };
const QUICK = { requests: 3000, warmup: 1, rounds: 3 };

interface Side {
  readonly proxy: RunningProxy;
  /** Milliseconds of processor per thousand requests, round by round. */
  readonly processor: number[];
}

/** One round of one proxy: wall milliseconds. */
function round({ proxy, processor }: Side, requests: number, kept: () => boolean): number {
  const before = processorTime(proxy.child.pid!);
  const took = load(proxy.port, CONNECTIONS, requests);
  if (took === null)
    throw new Error(`${proxy.name} with ${proxy.threads} threads failed a request`);
  const after = processorTime(proxy.child.pid!);
  if (before !== null && after !== null && kept())
    processor.push(((after - before) / requests) * 1000);
  return took;
}

interface Compared {
  readonly what: string;
  readonly threads: number;
  /** Requests a second of the first over the second. */
  readonly speed: Summary;
  /** Requests per processor second of the first over the second; null where the system doesn't tell. */
  readonly processor: Summary | null;
}

function compare(
  what: string,
  first: readonly [Side, readonly number[]],
  second: readonly [Side, readonly number[]],
): Compared {
  const [a, b] = [first[0].processor, second[0].processor];
  return {
    what,
    threads: first[0].proxy.threads,
    speed: ratios(second[1], first[1]),
    processor: a.length > 0 && a.length === b.length ? ratios(b, a) : null,
  };
}

export async function benchProxy({ quick }: { readonly quick: boolean }): Promise<Report> {
  const times = quick ? QUICK : FULL;
  const folder = mkdtempSync(join(tmpdir(), "glovebox-proxy-"));
  const upstream = await startUpstream();
  const kinds: readonly Kind[] = isThere("envoy") ? ["plain", "lab", "envoy"] : ["plain", "lab"];
  const sides: Side[] = [];
  try {
    for (const threads of [1, 2]) {
      for (const kind of kinds) {
        const proxy = await startProxy(kind, threads, upstream.port, folder);
        sides.push({ proxy, processor: [] });
      }
    }
    let runs = 0;
    const kept = (): boolean => runs++ >= times.warmup * sides.length;
    const samples = await alternate(
      sides.map((side) => () => round(side, times.requests, kept)),
      times,
    );
    const of = (kind: Kind, threads: number): readonly [Side, readonly number[]] => {
      const at = sides.findIndex(({ proxy }) => proxy.name === kind && proxy.threads === threads);
      return [sides[at]!, samples[at]!];
    };
    const compared = [1, 2].flatMap((threads) => [
      compare("node:http", of("lab", threads), of("plain", threads)),
      ...(kinds.includes("envoy")
        ? [compare("Envoy", of("lab", threads), of("envoy", threads))]
        : []),
    ]);
    const rise = ratios(of("lab", 1)[1], of("lab", 2)[1]);
    return reportOf(compared, rise, times, kinds.includes("envoy"));
  } finally {
    for (const { proxy } of sides) proxy.child.kill("SIGKILL");
    upstream.child.kill("SIGKILL");
    rmSync(folder, { recursive: true, force: true });
  }
}

function reportOf(
  compared: readonly Compared[],
  rise: Summary,
  times: typeof FULL,
  envoy: boolean,
): Report {
  // Load, upstream and two threads need a processor each before a second thread can show anything.
  const room = availableParallelism() >= 4;
  const plain = compared.filter(({ what }) => what === "node:http");
  const fast = plain.every(({ speed }) => speed.median >= GOAL);
  const notes = [
    room
      ? ""
      : "too few processors for load, upstream and two threads at once: the rise decides nothing",
    envoy ? "" : "envoy is not installed",
  ].filter((note) => note !== "");
  return {
    name: "lab: proxy",
    means:
      `${times.requests} requests over ${CONNECTIONS} connections through the lab without plugins, against ` +
      "a plain node:http proxy with a keep-alive agent and against Envoy with the same file, in turns.",
    target: `≥ ${GOAL} times the requests a second of node:http with as many threads, rising with threads`,
    held: times === QUICK ? null : fast && (!room || rise.median > 1),
    ...(notes.length === 0 ? {} : { note: `${notes.join("; ")}.` }),
    head: ["the lab over", "threads", "requests a second", "requests per processor second"],
    rows: [
      ...compared.map(({ what, threads, speed, processor }) => [
        what,
        String(threads),
        spread(speed, "×", 2),
        processor === null ? "-" : spread(processor, "×", 2),
      ]),
      ["itself with 1 thread", "2", spread(rise, "×", 2), "-"],
    ],
    data: { compared, rise, processors: availableParallelism() },
  };
}
