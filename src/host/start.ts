// Brings an instance up: instantiate, module start, root context, vm start, configure. Whatever fails is left
// in `vm.trap` or told as a refusal; nothing throws for what a guest does.

import type { AbiVersion } from "../spec/host-function-row.ts";
import type { Import } from "../wasm/module.ts";
import { type CompiledModule, exportedMemory, instantiate } from "./engine.ts";
import { entriesOf } from "./entries.ts";
import { link } from "./link.ts";
import type { PluginState } from "./plugin-state.ts";
import { RootContext } from "./root-context.ts";
import { gaugesOf } from "./trap.ts";
import { RESTRICTED, Vm } from "./vm.ts";

export interface Loaded {
  readonly compiled: CompiledModule;
  readonly imports: readonly Import[];
  readonly abi: AbiVersion;
}

/** How far an instance came. */
export type StartState =
  | { readonly at: "running" }
  | { readonly at: "trapped" }
  /** The plugin answered false. */
  | { readonly at: "refused"; readonly callback: string };

export interface Started {
  readonly vm: Vm;
  readonly root: RootContext;
  readonly state: StartState;
}

/** A new instance from the compiled module, configured. */
export function startInstance(loaded: Loaded, plugin: PluginState): Started {
  const vm = new Vm(plugin, loaded.abi);
  const root = new RootContext(vm.allocateContextId(), plugin.identity);
  vm.active = root;
  vm.contexts.set(root.id, root);
  return { vm, root, state: bringUp(loaded, vm, root) };
}

function bringUp(loaded: Loaded, vm: Vm, root: RootContext): StartState {
  const { plugin } = vm;
  vm.restricted = RESTRICTED.start;
  try {
    const instance = instantiate(loaded.compiled, link(vm, loaded.imports));
    const memory = exportedMemory(instance);
    if (memory !== null) vm.memory.attach(memory);
    const entries = entriesOf(instance, vm.abi, plugin.capabilities, plugin.telemetry.callbacks);
    vm.attach(vm.trace?.exports(entries) ?? entries, gaugesOf(instance));
  } catch (error) {
    vm.fail(error, "start section");
    return { at: "trapped" };
  }
  moduleStart(vm, root);
  vm.restricted = RESTRICTED.none;
  if (vm.trap !== null) return { at: "trapped" };
  const refused = configure(vm, root);
  plugin.settle(vm);
  if (vm.trap !== null) return { at: "trapped" };
  return refused === null ? { at: "running" } : { at: "refused", callback: refused };
}

/** A reactor's `_initialize`, then its main; or else a command's `_start`. */
function moduleStart(vm: Vm, root: RootContext): void {
  const { _initialize: initialize, _start: start, main, __main_void: mainVoid } = vm.entries;
  if (initialize === undefined) {
    if (start !== undefined) vm.run(start, root);
    return;
  }
  vm.run(initialize, root);
  const next = main ?? mainVoid;
  if (next !== undefined) vm.run(next, root);
}

/** The callback that answered false, or null. */
function configure(vm: Vm, root: RootContext): string | null {
  const { identity } = vm.plugin;
  root.configuring = true;
  const create = vm.entries.proxy_on_context_create;
  if (create !== undefined) vm.run(create, root, root.id, 0);
  root.configuring = false;
  const vmStart = vm.entries.proxy_on_vm_start;
  if (
    vmStart !== undefined &&
    vm.run(vmStart, root, root.id, identity.vmConfiguration.length) === 0
  ) {
    return vmStart.name;
  }
  const onConfigure = vm.entries.proxy_on_configure;
  if (onConfigure === undefined) return null;
  root.configuring = true;
  const answer = vm.run(onConfigure, root, root.id, identity.configuration.length);
  root.configuring = false;
  return answer === 0 ? onConfigure.name : null;
}
