// What a case works with in a real Envoy: the plugins' bytes and the two columns. `unhardened` runs the bytes as
// they are in stock configuration, `hardened` the contained ones, each time in an Envoy process of its own.
import type { Policy } from "../../policy/policy.ts";
import { policyFromRole } from "../../policy/resolve.ts";
import type { RoleName } from "../../policy/roles.ts";
import { type PolicyOverrides, tryContain } from "../lab.ts";
import type { FoundEnvoy } from "./find-envoy.ts";
import { type Played, playScene, type Scene, type SceneAsk, type ScenePlugin } from "./scene.ts";

/** Milliseconds for what is expected never to return: beyond any watchdog of a scene. */
export const HANG = 12_000;
/** Milliseconds after which a scene's watchdog ends a hanging worker. */
export const KILL_AFTER = 2000;
/** Milliseconds for a start that is expected to hang. */
export const START_HANG = 6000;
/** Milliseconds elsewhere: only a broken promise gets there, however busy the machine. */
const CERTAINTY = 120_000;
/** Scenes side by side: more would measure each other. */
const LANES = 2;

export type SceneOptions = Partial<Omit<Scene, "plugins" | "asks">> &
  Partial<Omit<ScenePlugin, "name" | "bytes">>;

export type HardenedScene =
  | { readonly refused: null; readonly played: Played; readonly policy: Policy }
  | {
      readonly refused: { readonly code: string; readonly message: string };
      readonly played: null;
    };

export class EnvoyLab {
  readonly #bytes: ReadonlyMap<string, Uint8Array>;
  readonly #found: FoundEnvoy;
  #free = LANES;
  readonly #waiting: (() => void)[] = [];

  constructor(bytes: ReadonlyMap<string, Uint8Array>, found: FoundEnvoy) {
    this.#bytes = bytes;
    this.#found = found;
  }

  get release(): string {
    return this.#found.release;
  }

  /** The plugin as it was built. */
  bytes(name: string): Uint8Array {
    const bytes = this.#bytes.get(name);
    if (bytes === undefined) throw new Error(`the case does not say that it needs ${name}`);
    return bytes;
  }

  policy(role: RoleName | null, overrides: PolicyOverrides = {}): Policy {
    return policyFromRole(role, overrides);
  }

  /** Plays a scene when a lane is free. */
  async play(scene: Omit<Scene, "patience"> & { readonly patience?: number }): Promise<Played> {
    if (this.#free === 0) await new Promise<void>((next) => this.#waiting.push(next));
    else this.#free--;
    try {
      return await playScene({ patience: CERTAINTY, ...scene }, this.#found);
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#free++;
      else next();
    }
  }

  unhardened(
    name: string,
    asks: readonly Omit<SceneAsk, "plugin">[],
    options: SceneOptions = {},
  ): Promise<Played> {
    return this.#one(name, this.bytes(name), asks, { failure: "closed", ...options });
  }

  async hardened(
    name: string,
    policy: Policy,
    asks: readonly Omit<SceneAsk, "plugin">[],
    options: SceneOptions = {},
  ): Promise<HardenedScene> {
    const contained = tryContain(this.bytes(name), policy);
    if ("code" in contained) return { refused: contained, played: null };
    // The module's own code is what is measured: Envoy restricts nothing and its watchdog kills nobody.
    const route = { failure: policy.failure, vmId: `${name}-route` } as const;
    const played = await this.#one(name, contained.bytes, asks, { ...route, ...options });
    return { refused: null, played, policy };
  }

  #one(
    name: string,
    bytes: Uint8Array,
    asks: readonly Omit<SceneAsk, "plugin">[],
    { failure = "closed", vmId, configuration, capabilities, sha256, ...scene }: SceneOptions,
  ): Promise<Played> {
    const plugin: ScenePlugin = {
      name,
      bytes,
      failure,
      ...(vmId !== undefined && { vmId }),
      ...(configuration !== undefined && { configuration }),
      ...(capabilities !== undefined && { capabilities }),
      ...(sha256 !== undefined && { sha256 }),
    };
    return this.play({
      plugins: [plugin],
      asks: asks.map((one) => ({ plugin: name, ...one })),
      ...scene,
    });
  }
}
