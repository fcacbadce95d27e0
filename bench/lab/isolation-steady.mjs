// The load of the tenant that shall notice nothing: for each order of its parent ({port, path, rate, seconds,
// expect, headers}) so many requests a second over as many connections as a sidecar would keep. Each has its own moment,
// whether the others are answered or not; one for which no connection is free waits for one, and the time is counted
// from its moment all the same. Answers {sent, failed, why, latencies}: milliseconds in the order of the answers.
import { once } from "node:events";
import { connect } from "node:net";

/** How long an answer may take before it is a failure, in milliseconds. */
const PATIENCE = 10_000;
const CONNECTIONS = 32;

class Run {
  constructor(order) {
    this.order = order;
    const more = Object.entries(order.headers ?? {}).map(
      ([name, value]) => `${name}: ${value}\r\n`,
    );
    this.request = Buffer.from(
      `GET ${order.path} HTTP/1.1\r\nhost: bench.test\r\n${more.join("")}accept: */*\r\n\r\n`,
    );
    this.idle = [];
    this.waiting = [];
    this.sockets = new Set();
    this.sent = 0;
    this.failed = 0;
    this.over = false;
    this.why = {};
    this.latencies = [];
  }

  async go() {
    const { rate, seconds } = this.order;
    const count = rate * seconds;
    for (let i = 0; i < CONNECTIONS; i++) this.idle.push(await this.open());
    const start = performance.now();
    const at = (i) => start + (i * 1000) / rate;
    await new Promise((resolve) => {
      const timer = setInterval(() => {
        const now = performance.now();
        while (this.sent < count && at(this.sent) <= now) this.send(at(this.sent++));
        if (this.sent < count) return;
        clearInterval(timer);
        resolve();
      }, 1);
    });
    const end = performance.now() + PATIENCE;
    while (this.latencies.length + this.failed < count && performance.now() < end) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    for (let i = this.latencies.length + this.failed; i < count; i++) this.fail("no answer");
    const { sent, failed, why, latencies } = this;
    this.over = true;
    for (const socket of this.sockets) {
      socket.scheduled = null;
      socket.destroy();
    }
    return { sent, failed, why, latencies };
  }

  fail(why) {
    this.failed++;
    this.why[why] = (this.why[why] ?? 0) + 1;
  }

  async open() {
    const socket = connect({ port: this.order.port, host: "127.0.0.1", noDelay: true });
    socket.scheduled = null;
    socket.text = "";
    this.sockets.add(socket);
    socket.on("data", (bytes) => this.take(socket, bytes));
    socket.on("error", (error) => this.lost(socket, error.code ?? error.message));
    socket.on("close", () => this.lost(socket, "the connection was closed"));
    await once(socket, "connect");
    return socket;
  }

  lost(socket, why) {
    if (!this.sockets.delete(socket)) return;
    this.idle = this.idle.filter((one) => one !== socket);
    if (socket.scheduled !== null) this.fail(why);
    socket.scheduled = null;
    setTimeout(() => this.replace(), 10);
  }

  /** Another connection takes the place of one that is gone. */
  replace() {
    if (this.over) return;
    // One that fails is lost as well.
    this.open().then(
      (fresh) => this.free(fresh),
      () => {},
    );
  }

  send(scheduled) {
    const socket = this.idle.pop();
    if (socket === undefined) this.waiting.push(scheduled);
    else this.write(socket, scheduled);
  }

  free(socket) {
    const scheduled = this.waiting.shift();
    if (scheduled === undefined) this.idle.push(socket);
    else this.write(socket, scheduled);
  }

  write(socket, scheduled) {
    socket.scheduled = scheduled;
    socket.text = "";
    socket.write(this.request);
  }

  take(socket, bytes) {
    if (socket.scheduled === null) return;
    socket.text += bytes.toString("latin1");
    // The route answers without a body.
    if (!socket.text.endsWith("\r\n\r\n")) return;
    if (!socket.text.startsWith("HTTP/1.1 200 ")) this.fail(socket.text.slice(0, 12));
    else if (!socket.text.includes(this.order.expect)) this.fail(`no ${this.order.expect}`);
    else this.latencies.push(performance.now() - socket.scheduled);
    socket.scheduled = null;
    this.free(socket);
  }
}

process.on("message", (order) => {
  new Run(order).go().then(
    (answer) => process.send(answer),
    (error) => process.send({ sent: 0, failed: 1, why: { [error.message]: 1 }, latencies: [] }),
  );
});
process.on("disconnect", () => process.exit(0));
