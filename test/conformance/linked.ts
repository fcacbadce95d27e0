// Plays a whole script as the specification means it: modules linked to each other and to `spectest`. Played
// once with the modules as they are and once with what our codec makes of them.
import { type Exports, engine, type Imports } from "./engine.ts";
import { type Outcome, outcomeOf } from "./outcome.ts";
import type { Planned } from "./plan.ts";
import { ExportTypes, Played } from "./play.ts";
import { isCall, type Script } from "./script.ts";
import { spectestForEngine } from "./supply.ts";

/** What became of a script's commands, by place; null where there was nothing to do. */
export type Outcomes = readonly (Outcome | null)[];

const DONE: Outcome = { kind: "values", values: [] };

class World {
  readonly #registered: Imports = { spectest: spectestForEngine() };
  readonly #named = new Map<string, Played | Exports>();
  #last: Played | Exports = {};

  make(bytes: Uint8Array, planned: Planned): Outcome {
    try {
      const { exports } = new engine.Instance(new engine.Module(bytes), this.#registered);
      const module = planned.linked?.module;
      this.#last = module === undefined ? exports : new Played(exports, new ExportTypes(module));
      const { command } = planned;
      if (command.type === "module" && command.name !== undefined)
        this.#named.set(command.name, this.#last);
      return DONE;
    } catch (error) {
      // The engine's gate need not be wider than ours.
      if (planned.linked === null && error instanceof engine.CompileError) {
        this.forget();
        return DONE;
      }
      return outcomeOf(error);
    }
  }

  forget(): void {
    this.#last = {};
  }

  find(name: string | undefined): Played | Exports {
    return name === undefined ? this.#last : this.#named.get(name)!;
  }

  register(as: string, name: string | undefined): void {
    const found = this.find(name);
    this.#registered[as] = found instanceof Played ? found.exports : found;
  }
}

/** Plays a script; `bytesOf` gives the bytes to instantiate for a module. */
export function playLinked(
  script: Script,
  planned: readonly Planned[],
  bytesOf: (one: Planned) => Uint8Array,
): Outcomes {
  const world = new World();
  const byPlace = new Map(planned.map((one) => [one.at, one]));
  return script.commands.map((command, at) => {
    const one = byPlace.get(at);
    if (one !== undefined) return world.make(bytesOf(one), one);
    // After a module that is given as text only there is nothing to call.
    if (command.type === "module") world.forget();
    if (command.type === "register") world.register(command.as, command.name);
    if (!isCall(command)) return null;
    const owner = world.find(command.action.module);
    // A module outside the gate is linked, for others' sake, but not called.
    return owner instanceof Played ? owner.do(command.action) : null;
  });
}
