// The load of the blast bench: requests at a steady rate over connections of their own, some of which tell the plugin
// to burn (`x-burn`), and a few to a neighbour; or guilty requests one after the other, each followed by innocent ones
// until one is answered with 200. Each order of the parent has one answer.
import { Agent, request } from "node:http";

const PATIENCE = 10_000;
const RECOVERY = 3_000;
const agent = new Agent({ keepAlive: true, maxSockets: 64 });

/** The status of one request, 0 where there was no answer, and milliseconds to it. */
function ask(port, header) {
  return new Promise((resolve) => {
    const start = performance.now();
    const done = (status) => resolve({ status, ms: performance.now() - start });
    const headers = header === undefined ? {} : { "x-burn": header };
    const sent = request({ port, host: "127.0.0.1", path: "/", agent, headers, timeout: PATIENCE });
    sent.on("response", (answer) => {
      answer.resume();
      answer.on("end", () => done(answer.statusCode));
      answer.on("error", () => done(0));
    });
    sent.on("timeout", () => sent.destroy());
    sent.on("error", () => done(0));
    sent.end();
  });
}

async function load({ port, neighbour, rate, seconds, every, header }) {
  const counted = () => ({ sent: 0, failed: 0 });
  const innocent = counted();
  const beside = counted();
  const guilty = { ok: 0, refused: 0, other: 0 };
  const times = [];
  const all = [];
  const count = (into) => (answer) => {
    into.sent++;
    if (answer.status !== 200) into.failed++;
  };
  const blame = ({ status, ms }) => {
    guilty[status === 200 ? "ok" : status === 503 ? "refused" : "other"]++;
    times.push(ms);
  };
  const start = performance.now();
  for (let sent = 0; sent < rate * seconds; ) {
    const due = ((performance.now() - start) * rate) / 1000;
    for (; sent < due && sent < rate * seconds; sent++) {
      if (sent % every === every - 1) all.push(ask(port, header).then(blame));
      else all.push(ask(port).then(count(innocent)));
      if (sent % 10 === 0) all.push(ask(neighbour).then(count(beside)));
    }
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  await Promise.all(all);
  times.sort((a, b) => a - b);
  return { innocent, neighbour: beside, guilty, guiltyMs: times[times.length >> 1] ?? 0 };
}

async function recovery({ port, header, times }) {
  const after = [];
  for (let n = 1; n <= Math.max(...times); n++) {
    await ask(port, header);
    const start = performance.now();
    let found = null;
    while (found === null && performance.now() - start < RECOVERY) {
      const { status } = await ask(port);
      if (status === 200) found = performance.now() - start;
      else await new Promise((resolve) => setTimeout(resolve, 2));
    }
    if (times.includes(n)) after.push(found);
    if (found === null) break;
  }
  while (after.length < times.length) after.push(null);
  return { after };
}

process.on("message", (order) => {
  (order.does === "load" ? load(order) : recovery(order)).then(
    (answer) => process.send(answer),
    (error) => process.send({ error: error.message }),
  );
});
process.on("disconnect", () => process.exit(0));
