// The load of the cost bench: a process of its own that keeps its connections, and for each order that its parent
// sends ({port, connections, requests, headers, body}) makes so many requests, one in flight on each connection. Answers
// {milliseconds} or {error}. The first answer of a port is read as a whole; all others have to be of its size and
// begin as it did, so that reading them costs next to nothing.
import { once } from "node:events";
import { connect } from "node:net";

const START = Buffer.from("HTTP/1.1 200 OK\r\n");
const NAME = "/api/v2/users";
const ports = new Map();

class Connection {
  constructor(socket, request, size) {
    this.socket = socket;
    this.request = request;
    this.size = size;
    this.missing = 0;
    this.run = null;
    socket.on("data", (bytes) => this.take(bytes));
    socket.on("error", (error) => this.run?.fail(error.message));
    socket.on("close", () => this.run?.fail("the proxy closed a connection"));
  }

  begin(run) {
    this.run = run;
    this.next();
  }

  next() {
    if (this.run.left === 0) return;
    this.run.left--;
    this.missing = this.size;
    this.socket.write(this.request);
  }

  take(bytes) {
    const { run } = this;
    if (run === null) return;
    if (
      this.missing === this.size &&
      bytes.compare(START, 0, START.length, 0, START.length) !== 0
    ) {
      run.fail(`not a 200: ${bytes.toString("latin1").slice(0, 300)}`);
      return;
    }
    this.missing -= bytes.length;
    if (this.missing > 0) return;
    if (this.missing < 0) {
      run.fail(`an answer is longer than the first: ${bytes.toString("latin1").slice(0, 300)}`);
      return;
    }
    if (++run.done === run.requests) run.end();
    else this.next();
  }
}

async function open(port) {
  const socket = connect({ port, host: "127.0.0.1", noDelay: true });
  await once(socket, "connect");
  return socket;
}

/** The text of one answer, which has no body. */
async function first(port, request) {
  const socket = await open(port);
  let text = "";
  socket.write(request);
  while (!text.includes("\r\n\r\n")) text += (await once(socket, "data"))[0].toString("latin1");
  socket.destroy();
  if (!text.startsWith(START.toString())) throw new Error(`not a 200: ${text}`);
  if (!/\r\ncontent-length: 0\r\n/i.test(text)) throw new Error(`an answer with a body: ${text}`);
  return text;
}

function requestOf(headers, body) {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  const head = (method) => `${method} ${NAME} HTTP/1.1\r\nhost: bench.test\r\n${lines.join("")}`;
  if (body === undefined) return Buffer.from(`${head("GET")}\r\n`);
  const length = Buffer.byteLength(body);
  return Buffer.from(`${head("POST")}content-length: ${length}\r\n\r\n${body}`);
}

async function load({ port, connections, requests, headers, body }) {
  let all = ports.get(port);
  if (all === undefined) {
    const request = requestOf(headers, body);
    const { length } = await first(port, request);
    all = [];
    for (let i = 0; i < connections; i++) {
      all.push(new Connection(await open(port), request, length));
    }
    ports.set(port, all);
  }
  const started = performance.now();
  await new Promise((resolve, reject) => {
    const run = {
      left: requests,
      done: 0,
      requests,
      end: resolve,
      fail: (why) => reject(new Error(why)),
    };
    for (const one of all) one.begin(run);
  });
  for (const one of all) one.run = null;
  return { milliseconds: performance.now() - started };
}

process.on("message", (order) => {
  load(order).then(
    (answer) => process.send(answer),
    (error) => process.send({ error: error.message }),
  );
});
process.on("disconnect", () => process.exit(0));
