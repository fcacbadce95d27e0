// The load of the proxy bench: `node proxy-load.mjs PORT CONNECTIONS REQUESTS`. Each connection has one request
// in flight. Prints milliseconds for all of them; anything but a whole 200 is an error and ends it.
import { connect } from "node:net";

const [port, connections, requests] = process.argv.slice(2).map(Number);
const request = Buffer.from(
  "GET /some/path?query=1 HTTP/1.1\r\nhost: bench.test\r\nuser-agent: bench\r\naccept: */*\r\nx-request-id: 0123456789abcdef\r\n\r\n",
);
const start = performance.now();
let left = requests;
let done = 0;

function fail(why) {
  console.error(why);
  process.exit(1);
}

/** The bytes of a response whose head is whole; 0 before. */
function sizeOf(text) {
  const end = text.indexOf("\r\n\r\n");
  if (end < 0) return 0;
  if (!text.startsWith("HTTP/1.1 200 ")) fail(`not a 200: ${text.slice(0, 200)}`);
  const length = /\r\ncontent-length: (\d+)/i.exec(text);
  if (length !== null) return end + 4 + Number(length[1]);
  return text.endsWith("0\r\n\r\n") ? text.length : 0;
}

for (let i = 0; i < connections; i++) {
  const socket = connect({ port, host: "127.0.0.1", noDelay: true });
  let text = "";
  const next = () => {
    text = "";
    if (left-- > 0) socket.write(request);
    else socket.end();
  };
  socket.on("connect", next);
  socket.on("error", (error) => fail(error.message));
  socket.on("close", () => {
    if (left > 0) fail("the proxy closed a connection");
  });
  socket.on("data", (bytes) => {
    text += bytes.toString("latin1");
    const size = sizeOf(text);
    if (size === 0 || text.length < size) return;
    if (text.length > size) fail("more than one answer to a request");
    if (++done === requests) {
      console.log(performance.now() - start);
      process.exit(0);
    }
    next();
  });
}
