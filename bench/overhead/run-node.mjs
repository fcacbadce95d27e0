// Runs inside the Node that is measured (20 or 24): every variant of one module, in turns with the module as
// it was built. Process CPU time: nothing else runs in this process once V8 has compiled what is hot.
import { readFileSync } from "node:fs";

const job = JSON.parse(readFileSync(process.argv[2], "utf8"));
const trampolines = new WebAssembly.Module(readFileSync(job.trampolines));
const host = new WebAssembly.Module(readFileSync(job.host));

const bare = (name) => name.replace(/^wasi[a-z0-9_]*/, "wasi");

function start(variant) {
  const before = process.cpuUsage();
  const module = new WebAssembly.Module(readFileSync(variant.file));
  const compiled = process.cpuUsage(before);
  const between = new WebAssembly.Instance(trampolines).exports;
  const imports = {};
  for (const { module: from, name } of WebAssembly.Module.imports(module)) {
    imports[from] ??= {};
    imports[from][name] = between[`${bare(from)}.${name}`];
  }
  const guest = new WebAssembly.Instance(module, imports).exports;
  const wanted = { memory: guest.memory };
  for (const { name } of WebAssembly.Module.imports(host)) {
    wanted[name] ??= guest[name] ?? between[`absent.${name}`];
  }
  wanted.allocate = guest.malloc ?? guest.proxy_on_memory_allocate ?? between["absent.allocate"];
  const runs = new WebAssembly.Instance(host, { guest: wanted }).exports;
  for (const { name, slot } of job.slots) between.table.set(slot, runs[name]);
  const refill = () => {
    for (const [name, value] of Object.entries(variant.refill)) guest[name].value = BigInt(value);
  };
  refill();
  (guest._initialize ?? guest._start)?.();
  if (job.setting !== null) runs.start(job.setting);
  const bench = guest.bench ?? runs.bench;
  return {
    compileMs: (compiled.user + compiled.system) / 1000,
    once() {
      refill();
      const from = process.cpuUsage();
      const sum = bench(job.rounds);
      const took = process.cpuUsage(from);
      return { ms: (took.user + took.system) / 1000, sum };
    },
    // What the last call cost by the module's own account: our wrapper of `bench` leaves it in a global, the
    // others take it off what they were given.
    spent: () => {
      const [[name, given] = []] = Object.entries(variant.refill);
      if (name !== undefined) return Number(BigInt(given) - guest[name].value);
      const spent = guest.glovebox_spent?.value;
      return spent === undefined || guest.bench === undefined ? null : Number(spent);
    },
    left: () =>
      Object.fromEntries(
        Object.keys(variant.refill).map((name) => [name, String(guest[name].value)]),
      ),
  };
}

const base = start(job.base);
const sides = job.variants.map((variant) => {
  try {
    return { name: variant.name, ...start(variant) };
  } catch (error) {
    return { name: variant.name, failed: String(error) };
  }
});
const alive = () => sides.filter((side) => side.failed === undefined);
const attempt = (side) => {
  try {
    return side.once();
  } catch (error) {
    side.failed = String(error);
    return { ms: 0, sum: 0 };
  }
};
const expected = base.once().sum;
for (let round = 0; round < job.warmup; round++) {
  if (round > 0) base.once();
  for (const side of alive()) {
    const { sum } = attempt(side);
    if (round === 0 && sum !== expected && !side.failed)
      side.failed = `answers ${sum}, not ${expected}`;
  }
}
// What V8 still compiles at the side would be counted as the variants' time.
const idle = new Int32Array(new SharedArrayBuffer(4));
for (let waited = 0, busy = true; busy && waited < 100; waited++) {
  const before = process.cpuUsage();
  Atomics.wait(idle, 0, 0, 50);
  const { user, system } = process.cpuUsage(before);
  busy = user + system > 2500;
}
// B v1 B v2 B …: each variant between two runs of the module as built, the order turned from round to round.
const ratios = new Map(sides.map((side) => [side.name, []]));
const times = [];
for (let round = 0; round < job.runs; round++) {
  const order = alive();
  if (round % 2 === 1) order.reverse();
  let left = base.once().ms;
  for (const side of order) {
    const { ms } = attempt(side);
    const right = base.once().ms;
    times.push(right);
    if (side.failed === undefined) ratios.get(side.name).push((2 * ms) / (left + right));
    left = right;
  }
}
const spent = Object.fromEntries(alive().map((side) => [side.name, side.spent()]));
const left = Object.fromEntries(alive().map((side) => [side.name, side.left()]));
process.stdout.write(
  JSON.stringify({
    engine: `Node ${process.versions.node} (V8 ${process.versions.v8})`,
    base: times,
    sum: expected,
    sides: sides.map(({ name, failed, compileMs }) => ({
      name,
      failed: failed ?? null,
      compileMs: compileMs ?? null,
      ratios: ratios.get(name),
      spent: spent[name] ?? null,
      left: left[name] ?? {},
    })),
  }),
);
