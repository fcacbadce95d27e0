// A scene: plugins in one Envoy process of their own, what is asked of them, and what was seen, as plain data. An
// upstream, a dispatch target, and bystanders on the same worker belong to every scene.
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import {
  envoyBootstrap,
  type WrittenFailure,
  type WrittenPlugin,
} from "../../mesh/envoy/generate/bare-bootstrap.ts";
import { keepFolder } from "../at-end.ts";
import { type Answer, type Ask, ask, type Bystanders, startBystanders } from "./client.ts";
import type { FoundEnvoy } from "./find-envoy.ts";
import type { LogLine } from "./log-lines.ts";
import { forgetPeak } from "./process-memory.ts";
import { type End, RunningEnvoy, type Start } from "./running-envoy.ts";
import { type Arrived, type Party, startGrpcServer, startServer } from "./servers.ts";

export interface ScenePlugin {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly failure: WrittenFailure;
  readonly vmId?: string;
  readonly configuration?: string;
  readonly capabilities?: readonly string[];
  /** Fetched by HTTP with this digest, instead of a file. */
  readonly sha256?: string;
}

export interface SceneAsk extends Ask {
  readonly plugin: string;
  /** How often; ends early at the first that is not answered 200. Default once. */
  readonly times?: number;
  /** So many at the same time. */
  readonly together?: number;
  /** Asked before those, at the same time. */
  readonly beside?: Ask;
}

export interface SceneAnswer extends Answer {
  /** How many of them were answered 200. */
  readonly passed: number;
  readonly beside: Answer | null;
}

export interface Scene {
  readonly plugins: readonly ScenePlugin[];
  readonly asks: readonly SceneAsk[];
  /** Clusters that lead to the dispatch target. */
  readonly targets?: readonly string[];
  /** The dispatch target speaks gRPC. */
  readonly grpc?: boolean;
  /** Milliseconds after which Envoy's own watchdog ends a process whose worker hangs. */
  readonly killAfter?: number;
  /** Milliseconds for the start, and for each request. */
  readonly patience: number;
  /** Calls to wait for at the target before the scene ends. */
  readonly expectCalls?: number;
  /** Level of Envoy's Wasm component. */
  readonly level?: "critical" | "debug" | "trace";
  /** Lines of Envoy's statistics that hold this word are kept as they are, too. */
  readonly show?: string;
  /** Milliseconds to wait between the requests. */
  readonly between?: number;
  /** Line of Envoy's log to wait for before the last request: what a timer does is told by nothing else. */
  readonly expectLine?: RegExp;
}

export interface Played {
  readonly release: string;
  readonly start: Start;
  readonly startMs: number;
  readonly answers: readonly SceneAnswer[];
  readonly bystanders: Bystanders;
  /** MiB before the first request, and the most after it; null where the system does not tell. */
  readonly memory: { readonly idle: number | null; readonly peak: number | null };
  /** How the process ended by itself; null where it had to be ended. */
  readonly ended: End | null;
  readonly stats: {
    readonly before: Readonly<Record<string, number>>;
    readonly after: Readonly<Record<string, number>>;
  };
  /** Lines of /stats, then of /stats/prometheus, where they were asked for. */
  readonly shown: readonly string[];
  readonly calls: readonly Arrived[];
  readonly lines: readonly LogLine[];
  readonly last: readonly LogLine[];
}

const STATS = "^(wasm|http\\.plugin-)";
const BYSTANDER = "bystander";
const SAMPLE = 100;
/** How long the end of a process is waited for that lost a connection. */
const GOING = 3000;
/** How long a call that was made, or a line about a timer, may take to arrive, on a busy machine. */
const ARRIVAL = 20_000;
const LOOK = 20;

function written(plugin: ScenePlugin, folder: string, modules: Party | undefined): WrittenPlugin {
  const { name, bytes, sha256, ...rest } = plugin;
  if (sha256 !== undefined && modules !== undefined) {
    const uri = `http://127.0.0.1:${modules.port}/${name}.wasm`;
    return { name, ...rest, code: { uri, cluster: "modules", sha256 } };
  }
  const file = join(folder, `${name}-${plugin.failure}.wasm`);
  writeFileSync(file, bytes);
  return { name, ...rest, code: { file } };
}

interface Parties {
  readonly upstream: Party;
  readonly target: Party;
  readonly modules: Party | undefined;
}

function bootstrapOf(scene: Scene, parties: Parties, folder: string, release: string): object {
  const { upstream, target, modules } = parties;
  const plugins = scene.plugins.map((one) => written(one, folder, modules));
  return envoyBootstrap({
    release,
    listeners: [
      ...plugins.map((one) => ({
        name: `plugin-${one.name}`,
        plugins: [one],
        cluster: "upstream",
      })),
      { name: BYSTANDER, plugins: [], cluster: "upstream" },
    ],
    clusters: [
      { name: "upstream", port: upstream.port },
      ...(scene.targets ?? []).map((name) => ({
        name,
        port: target.port,
        http2: scene.grpc === true,
      })),
      ...(modules === undefined ? [] : [{ name: "modules", port: modules.port }]),
    ],
    ...(scene.killAfter !== undefined && { killAfter: scene.killAfter }),
    ...(scene.show !== undefined && { freshStats: true }),
  });
}

/**
 * One answer of all that are asked at the same time: the first that isn't 200, else the last. What is asked beside
 * them gets its answer from the upstream when all of them have theirs.
 */
async function askTogether(
  port: number,
  step: SceneAsk,
  patience: number,
  upstream: Party,
): Promise<SceneAnswer> {
  const first = step.beside === undefined ? null : ask(port, step.beside, patience);
  const all = await Promise.all(
    Array.from({ length: step.together ?? 1 }, () => ask(port, step, patience)),
  );
  upstream.release();
  const passed = all.filter(({ status }) => status === 200).length;
  const told = all.find(({ status }) => status !== 200) ?? all.at(-1)!;
  return { ...told, passed, beside: await first };
}

/** One after the other, up to the first that isn't answered 200. */
async function askInTurn(port: number, step: SceneAsk, patience: number): Promise<SceneAnswer> {
  let passed = 0;
  let answer: Answer;
  do {
    answer = await ask(port, step, patience);
    if (answer.status === 200) passed++;
  } while (answer.status === 200 && passed < (step.times ?? 1));
  return { ...answer, passed, beside: null };
}

/** Until something is there, the process is gone, or it has had long enough. */
async function awaited(there: () => boolean, envoy: RunningEnvoy): Promise<void> {
  const until = performance.now() + ARRIVAL;
  while (!there() && envoy.end === null && performance.now() < until) await pause(LOOK);
}

async function askAll(
  scene: Scene,
  ports: ReadonlyMap<string, number>,
  envoy: RunningEnvoy,
  upstream: Party,
) {
  const answers: SceneAnswer[] = [];
  const { expectLine } = scene;
  for (const [i, step] of scene.asks.entries()) {
    if (expectLine !== undefined && i + 1 === scene.asks.length) {
      await awaited(() => envoy.log.wasm.some(({ text }) => expectLine.test(text)), envoy);
    }
    const port = ports.get(`plugin-${step.plugin}`) ?? 0;
    const { patience } = scene;
    const answer =
      step.together === undefined
        ? await askInTurn(port, step, patience)
        : await askTogether(port, step, patience, upstream);
    answers.push(answer);
    // One that resets connections may be about to be gone: its end is told a moment later.
    if (answer.lost === "reset") await Promise.race([envoy.gone, pause(GOING)]);
    if (envoy.end !== null || answer.lost === "patience") break;
    if (i + 1 < scene.asks.length && scene.between !== undefined) await pause(scene.between);
  }
  return answers;
}

async function perform(
  scene: Scene,
  envoy: RunningEnvoy,
  { upstream, target }: Parties,
  release: string,
) {
  const begun = performance.now();
  const start = await envoy.started(scene.patience);
  const startMs = performance.now() - begun;
  const none = { asked: 0, failed: 0 };
  const base = { release, start, startMs, ended: envoy.end };
  const seen = () => ({ calls: target.arrived, lines: envoy.log.wasm, last: envoy.log.last });
  if (start !== "ready") {
    const memory = { idle: null, peak: envoy.memory().peak };
    const stats = { before: {}, after: {} };
    return { ...base, answers: [], bystanders: none, memory, stats, shown: [], ...seen() };
  }
  const ports = await envoy.ports();
  const before = await envoy.stats(STATS);
  forgetPeak(envoy.pid);
  const idle = envoy.memory().now;
  const sampling = setInterval(() => envoy.memory(), SAMPLE);
  const bystanders = startBystanders(ports.get(BYSTANDER) ?? 0, scene.patience);
  try {
    const answers = await askAll(scene, ports, envoy, upstream);
    await awaited(() => target.arrived.length >= (scene.expectCalls ?? 0), envoy);
    const after = envoy.end === null ? await envoy.stats(STATS) : {};
    const shown =
      scene.show === undefined || envoy.end !== null ? [] : await envoy.shown(scene.show);
    const hung = answers.at(-1)?.lost === "patience";
    const memory = { idle, peak: envoy.memory().peak };
    const ended = envoy.end;
    const others = await bystanders.stop(() => {
      if (hung) void envoy.stop();
    });
    const stats = { before, after };
    return { ...base, ended, answers, bystanders: others, memory, stats, shown, ...seen() };
  } finally {
    clearInterval(sampling);
  }
}

/** Plays a scene to its end; what it started is gone afterwards. */
export async function playScene(scene: Scene, found: FoundEnvoy): Promise<Played> {
  const folder = mkdtempSync(join(tmpdir(), "glovebox-trial-"));
  const remove = keepFolder(folder);
  const open: Party[] = [];
  const opened = async (party: Promise<Party>): Promise<Party> => {
    open.push(await party);
    return open.at(-1)!;
  };
  let envoy: RunningEnvoy | null = null;
  try {
    const upstream = await opened(startServer());
    const target = await opened(scene.grpc ? startGrpcServer() : startServer());
    const remote = scene.plugins.find((one) => one.sha256 !== undefined);
    const modules = remote === undefined ? undefined : await opened(startServer(remote.bytes));
    const parties = { upstream, target, modules };
    const bootstrap = bootstrapOf(scene, parties, folder, found.release);
    const levels = `wasm:${scene.level ?? "debug"},dns:debug`;
    envoy = new RunningEnvoy(found.path, bootstrap, folder, levels);
    return await perform(scene, envoy, parties, found.release);
  } finally {
    await envoy?.stop();
    for (const party of open) party.close();
    remove();
  }
}
