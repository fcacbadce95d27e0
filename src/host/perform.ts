// Does what a guest has asked for, one effect at a time, after the guest has returned. A call is told to the
// observer, counted and dialled here and nowhere else.
import { failCall } from "./answer.ts";
import { caps } from "./caps.ts";
import { type Effect, MESSAGE, type OutgoingCall } from "./effects.ts";
import type { Plugin } from "./plugin.ts";
import { bump } from "./plugin-state.ts";

/** Under what name calls are counted once too many clusters have been seen. */
const OTHERS = "(others)";
const MILLISECOND = 1_000_000n;

/** What a plugin is told of a call that nobody can perform. */
const NOBODY = "no healthy upstream";

export function perform(plugin: Plugin, effect: Effect): void {
  switch (effect.kind) {
    case "continue":
      effect.stream[effect.half].resume();
      break;
    case "close":
      effect.stream.abort();
      break;
    case "local":
      effect.stream.reply(effect.reply);
      break;
    case "call":
      dial(plugin, effect.call);
      break;
    case "send": {
      const { token, message, end } = effect;
      if (!plugin.flights.calls.has(token)) break;
      if (message !== null) plugin.flights.shrink(message.length + MESSAGE);
      plugin.flights.handle(token)?.send?.(message, end);
      break;
    }
    case "cancel":
      effect.handle.cancel();
      break;
    case "continue-connection":
      effect.connection.resume();
      break;
    case "close-connection":
      effect.connection.close(effect.flow);
      break;
    case "tick": {
      const { root, period } = effect;
      root.tickPeriod = period;
      root.nextTick = plugin.services.clock.monotonic() + BigInt(period) * MILLISECOND;
      plugin.observer?.due?.();
      break;
    }
    case "done":
      plugin.delete();
      break;
  }
}

function dial(plugin: Plugin, call: OutgoingCall): void {
  plugin.observer?.call(call);
  const { dispatches } = plugin.telemetry;
  const to = call.kind === "http" ? call.cluster : call.kind === "dns" ? "dns" : call.service;
  bump(dispatches, dispatches.has(to) || dispatches.size < caps.clusters ? to : OTHERS);
  if (plugin.dialer === null || !plugin.flights.calls.has(call.token)) return;
  const handle = plugin.dialer.dial(plugin, call);
  if (handle === null) failCall(plugin, call.token, NOBODY);
  else plugin.flights.dialled(call.token, handle);
  plugin.observer?.due?.();
}
