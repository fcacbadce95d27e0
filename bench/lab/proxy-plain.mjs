// What the lab is compared with: the proxy that one writes with node:http in ten lines, with a keep-alive agent.
// `node proxy-plain.mjs PORT UPSTREAM THREADS`; more than one thread by node:cluster, as is usual.
import cluster from "node:cluster";
import http from "node:http";

const [port, upstream, threads] = process.argv.slice(2).map(Number);

function serve() {
  const agent = new http.Agent({ keepAlive: true });
  const server = http.createServer((request, response) => {
    const { method, url: path, headers } = request;
    const onward = http.request(
      { host: "127.0.0.1", port: upstream, agent, method, path, headers },
      (answer) => {
        response.writeHead(answer.statusCode, answer.headers);
        answer.pipe(response);
      },
    );
    onward.on("error", () => response.destroy());
    request.pipe(onward);
  });
  server.keepAliveTimeout = 60_000;
  server.listen(port, "127.0.0.1");
}

if (threads > 1 && cluster.isPrimary) for (let i = 0; i < threads; i++) cluster.fork();
else serve();
