// Ticks modules in a V8 with other flags: one base64 module a line in, one answer a line out, the message of
// the trap and what is left of fuel and stack (null where the module counts neither).
import { createInterface } from "node:readline";
import { run } from "../harden/instance.ts";

export interface Answer {
  readonly trap: string;
  readonly fuel: number | null;
  readonly stack: number | null;
}

function tick(bytes: Uint8Array): Answer {
  const running = run(bytes);
  const left = (name: string) => (running.has(name) ? Number(running.global(name)) : null);
  let trap = "";
  try {
    running.call("proxy_on_tick", 1);
  } catch (error) {
    trap = String(error);
  }
  return { trap, fuel: left("glovebox_fuel"), stack: left("glovebox_stack") };
}

for await (const line of createInterface(process.stdin)) {
  console.log(JSON.stringify(tick(new Uint8Array(Buffer.from(line, "base64")))));
}
