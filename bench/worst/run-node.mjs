// Runs inside the Node that is measured: every case of a job, in rounds, so that a slow phase of the machine
// hits all alike. Process CPU time over the units that the module itself says it used.
import { readFileSync } from "node:fs";

const job = JSON.parse(readFileSync(process.argv[2], "utf8"));
const driver = new WebAssembly.Module(readFileSync(job.driver));
const cpu = (work) => {
  const from = process.cpuUsage();
  work();
  const took = process.cpuUsage(from);
  return (took.user + took.system) * 1000;
};

function start(one) {
  const module = (one.module ??= new WebAssembly.Module(readFileSync(one.file)));
  const guest = new WebAssembly.Instance(module, {}).exports;
  guest.setup?.();
  if (one.units === null)
    return { run: guest.run, spent: () => Number(guest.glovebox_spent.value) };
  let turns = 0;
  const { drive } = new WebAssembly.Instance(driver, { guest: { entry: guest.proxy_on_log } })
    .exports;
  return { run: (n) => drive((turns = n)), spent: () => turns * one.units };
}

const results = job.cases.map((one) => ({ ...one, samples: [] }));
function sample(side, turns) {
  const ns = cpu(() => side.run(turns));
  return { ns, units: side.spent() };
}
for (const one of results) {
  try {
    if (one.once === undefined) {
      one.side = start(one);
      one.turns = 1;
      one.side.run(1); // compiles what is compiled at the first call
      const long = () => sample(one.side, one.turns).ns >= job.least;
      while (!(long() && long())) one.turns *= 2;
    }
  } catch (error) {
    one.failed = String(error);
  }
}
for (let round = 0; round < job.rounds; round++) {
  for (const one of results) {
    if (one.failed !== undefined) continue;
    const side = one.side ?? start(one);
    const { ns, units } = sample(side, one.once ?? one.turns);
    one.samples.push(ns / units);
    one.used = units;
  }
}
process.stdout.write(
  JSON.stringify(
    results.map(({ name, mode, samples, used, failed }) => ({
      name,
      mode,
      samples,
      used,
      failed: failed ?? null,
    })),
  ),
);
