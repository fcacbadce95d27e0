// What a failed write does to a connection: nothing but to be told. Node ends a socket at the first one, and with it
// what the other side had said before it closed: the answer to a request that it didn't want to read to its end.
// The end of such a connection comes from reading, which has to see all that is left first.
import type { Socket } from "node:net";

type Done = (error?: Error | null) => void;

/** From now on a write that fails counts as written, and `failed` is told of it. */
export function surviveFailedWrites(socket: Socket, failed: () => void): void {
  const write = socket._write;
  const writev = socket._writev;
  const after =
    (done: Done): Done =>
    (error) => {
      if (error) failed();
      done();
    };
  socket._write = (chunk, encoding, done) => write.call(socket, chunk, encoding, after(done));
  if (writev === undefined) return;
  socket._writev = (chunks, done) => writev.call(socket, chunks, after(done));
}
