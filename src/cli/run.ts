// `glovebox run CONFIG`: the threads that will serve load their code first, beside all that is loaded and read here.
import { availableParallelism } from "node:os";
import { SpareThreads } from "../gateway/control/spare-threads.ts";
import type { Outcome } from "./command-row.ts";
import type { InputOf } from "./commands.ts";
import type { Io } from "./io.ts";

async function concurrencyOf(given: string | undefined): Promise<number> {
  if (given === undefined) return Math.min(4, availableParallelism());
  const number = Number(given);
  if (!Number.isInteger(number) || number < 1 || number > 256) {
    const { usage } = await import("./usage.ts");
    usage("run", `--concurrency wants a number from 1 to 256, not ${given}`);
  }
  return number;
}

export async function run(input: InputOf<"run">, io: Io): Promise<Outcome> {
  const { check, concurrency } = input.flags;
  const count = await concurrencyOf(concurrency);
  const spare = new SpareThreads(check ? 0 : count);
  try {
    const { runGateway } = await import("./run-gateway.ts");
    return await runGateway(input, count, spare, io);
  } finally {
    await spare.end();
  }
}
