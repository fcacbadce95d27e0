// Which context the following calls act on, and the end of a shutdown that the plugin had put off.
import { STATUS } from "../../spec/status.ts";
import type { Vm } from "../vm.ts";

export const contextCalls = {
  /** Lasts until the running callback returns; 0 goes back to its own context. */
  proxy_set_effective_context(vm: Vm, id: number): number {
    const context = id === 0 ? vm.running : vm.contexts.get(id >>> 0);
    if (context === undefined) return STATUS.badArgument;
    vm.active = context;
    return STATUS.ok;
  },

  proxy_done(vm: Vm): number {
    const { root } = vm.active;
    if (!root.closing) return STATUS.notFound;
    root.closing = false;
    vm.ask({ kind: "done", root });
    return STATUS.ok;
  },
};
