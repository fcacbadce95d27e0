// The tenant that misbehaves: on the order {port, path, connections} it keeps so many connections busy, a request
// after the other on each, whatever is answered; on {stop: true} it ends and answers how often it saw which status.
import { connect } from "node:net";

let stopped = true;
let sockets = new Set();
let statuses = {};

function count(what) {
  statuses[what] = (statuses[what] ?? 0) + 1;
}

function keep(port, request) {
  if (stopped) return;
  const socket = connect({ port, host: "127.0.0.1", noDelay: true });
  sockets.add(socket);
  let text = "";
  socket.on("connect", () => socket.write(request));
  socket.on("data", (bytes) => {
    text += bytes.toString("latin1");
    const end = text.indexOf("\r\n\r\n");
    if (end < 0) return;
    const length = Number(/\r\ncontent-length: (\d+)/i.exec(text)?.[1] ?? 0);
    if (text.length < end + 4 + length) return;
    count(text.slice(9, 12));
    text = "";
    if (!stopped) socket.write(request);
  });
  socket.on("error", () => count("broken"));
  socket.on("close", () => {
    sockets.delete(socket);
    setTimeout(() => keep(port, request), 10);
  });
}

process.on("message", (order) => {
  if (order.stop) {
    stopped = true;
    for (const socket of sockets) socket.destroy();
    process.send(statuses);
    return;
  }
  stopped = false;
  sockets = new Set();
  statuses = {};
  const request = `GET ${order.path} HTTP/1.1\r\nhost: bench.test\r\naccept: */*\r\n\r\n`;
  for (let i = 0; i < order.connections; i++) keep(order.port, request);
});
process.on("disconnect", () => process.exit(0));
