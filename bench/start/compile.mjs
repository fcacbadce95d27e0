// Runs inside the Node that is measured: CPU time of `new WebAssembly.Module`, the files in turns, the order
// turned from round to round. Each time the bytes get a custom section of their own, since V8 keeps what it
// compiled for bytes that it has seen.
import { readFileSync } from "node:fs";

const { files, warmup, runs } = JSON.parse(process.argv[2]);
const modules = files.map((file) => readFileSync(file));
let serial = 0;
const unique = (bytes) => {
  const tail = Buffer.from([0, 6, 1, 0x78, 0, 0, 0, 0]);
  tail.writeUInt32LE(serial++, 4);
  return Buffer.concat([bytes, tail]);
};
const samples = files.map(() => []);
for (let round = 0; round < warmup + runs; round++) {
  const order = [...files.keys()];
  if (round % 2 === 1) order.reverse();
  for (const index of order) {
    const bytes = unique(modules[index]);
    const from = process.cpuUsage();
    new WebAssembly.Module(bytes);
    const { user, system } = process.cpuUsage(from);
    if (round >= warmup) samples[index].push((user + system) / 1000);
  }
}
process.stdout.write(JSON.stringify(samples));
