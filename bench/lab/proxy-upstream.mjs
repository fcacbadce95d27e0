// The upstream of the proxy bench: answers every head with the same few bytes, on raw sockets, so that it is never
// what is measured. Says its port on stdout.
import { createServer } from "node:net";

const body = "hello world";
const answer = Buffer.from(
  `HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\nserver: bench\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
);
const server = createServer({ noDelay: true }, (socket) => {
  socket.on("error", () => {});
  socket.on("data", (bytes) => {
    for (let at = bytes.indexOf("\r\n\r\n"); at >= 0; at = bytes.indexOf("\r\n\r\n", at + 4)) {
      socket.write(answer);
    }
  });
});
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
