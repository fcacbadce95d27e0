// `--target envoy=1.36,istio=1.27,kuma=2.9` → the releases that facts are looked up for. Without it the newest known, and for
// what Istio reads the Envoy that Istio ships.
import { fail } from "../../errors/failure.ts";
import { envoyHas, envoyReleases } from "../../spec/envoy-versions.ts";
import { istioReleases, kumaReleases } from "../../spec/mesh-api.ts";
import { controlPlane, type Dialect } from "../model.ts";

export interface Targets {
  readonly envoy: string;
  readonly istio: string;
  readonly kuma: string;
  /** The Envoy that reads what Istio sends. */
  readonly istioEnvoy: string;
}

const envoys: readonly string[] = envoyReleases.map((row) => row.release);
const istios: readonly string[] = istioReleases.map((row) => row.release);
const newestEnvoy = envoys.at(-1)!;
const newestIstio = istios.at(-1)!;
const newestKuma = kumaReleases.at(-1)!;

function release(name: string, value: string, known: readonly string[]): string {
  const minor = /^v?(\d+\.\d+)(?:\.\d+)?$/.exec(value)?.[1];
  if (minor !== undefined && known.includes(minor)) return minor;
  const suggestion = `Known: ${name}=${known[0]} to ${name}=${known.at(-1)}`;
  return fail("lint-unknown-target", { target: `${name}=${value}`, suggestion });
}

/** Throws `lint-unknown-target`. */
export function parseTargets(given: string | undefined): Targets {
  let envoy: string | undefined;
  let istio: string | undefined;
  let kuma: string = newestKuma;
  for (const part of (given ?? "").split(",").filter((one) => one.trim() !== "")) {
    const [name = "", value = ""] = part.split("=").map((one) => one.trim());
    if (name === "envoy") envoy = release(name, value, envoys);
    else if (name === "istio") istio = release(name, value, istios);
    else if (name === "kuma") kuma = release(name, value, kumaReleases);
    else {
      const suggestion =
        "Write envoy=RELEASE, istio=RELEASE or kuma=RELEASE, several with a comma between";
      fail("lint-unknown-target", { target: part, suggestion });
    }
  }
  const shipped = istioReleases.find((row) => row.release === (istio ?? newestIstio))!.envoy;
  // An Envoy that is named without an Istio is meant wherever Envoy reads.
  const istioEnvoy = istio === undefined && envoy !== undefined ? envoy : shipped;
  return { envoy: envoy ?? newestEnvoy, istio: istio ?? newestIstio, kuma, istioEnvoy };
}

/** The Envoy that reads a dialect in the end. */
export function envoyFor(targets: Targets, dialect: Dialect | null): string {
  return dialect !== null && controlPlane(dialect) === "istio" ? targets.istioEnvoy : targets.envoy;
}

/** Whether that Envoy has a feature of envoy-versions.ts. */
export function has(targets: Targets, dialect: Dialect | null, feature: string): boolean {
  return envoyHas(envoyFor(targets, dialect), feature);
}

const minor = (text: string): number => Number(text.split(".")[1]);

/** Whether the Istio that is meant is of this release or newer. */
export function istioSince(targets: Targets, since: string): boolean {
  return minor(targets.istio) >= minor(since);
}

/** Whether the Kuma that is meant is of this release or newer. */
export function kumaSince({ kuma }: Targets, since: string): boolean {
  const order: readonly string[] = kumaReleases;
  return order.indexOf(kuma) >= order.indexOf(since);
}
