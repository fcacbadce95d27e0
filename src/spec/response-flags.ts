// Envoy's response flags: the short names that access logs print and the bits of `response.flags`. Only those
// that the lab can set. Source: Envoy's stream_info.h and its access-log reference.

export const responseFlags = [
  { name: "LH", bit: 0, doc: "The local service failed its health check" },
  { name: "UH", bit: 1, doc: "No healthy host in the cluster" },
  { name: "UT", bit: 2, doc: "The upstream's time was over" },
  { name: "LR", bit: 3, doc: "Reset by the proxy" },
  { name: "UR", bit: 4, doc: "Reset by the upstream" },
  { name: "UF", bit: 5, doc: "The upstream could not be reached" },
  { name: "UC", bit: 6, doc: "The upstream's connection ended" },
  { name: "UO", bit: 7, doc: "Too many requests to the upstream" },
  { name: "NR", bit: 8, doc: "No route" },
  { name: "DC", bit: 14, doc: "The client went away" },
  { name: "UPE", bit: 20, doc: "The upstream broke the protocol" },
  { name: "NC", bit: 25, doc: "No such cluster" },
  { name: "OM", bit: 26, doc: "Refused for overload" },
] as const;

export type FlagName = (typeof responseFlags)[number]["name"] | "";

/** The bits of a list of flags, as `UF,LR`. */
export function flagBits(list: string): number {
  let bits = 0;
  for (const row of responseFlags) if (list.split(",").includes(row.name)) bits |= 1 << row.bit;
  return bits;
}
