// core.v3.Address: TCP addresses and pipes; what else Envoy has is not for the lab.
import type { Address } from "../lab-config.ts";
import type { Picker } from "./picker.ts";

/** undefined where there is no address, or none that the lab has. */
export function readAddress(address: Picker | undefined): Address | undefined {
  if (address === undefined) return undefined;
  const pipe = address.child("pipe");
  if (pipe !== undefined) return { kind: "pipe", path: pipe.text("path") };
  const socket = address.child("socket_address");
  if (socket === undefined) return undefined;
  if (socket.choice("protocol") === "UDP") {
    socket.unsupported("protocol", "UDP", "TCP");
    return undefined;
  }
  // A named port is reported as a field that nobody read.
  return {
    kind: "tcp",
    host: socket.text("address"),
    port: socket.number("port_value") ?? 0,
  };
}
