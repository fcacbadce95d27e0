// What kind of network an IP address belongs to. References, realms and redirects are other people's words; on their
// word nobody may reach what only this machine or its network can.
import { BlockList, isIP } from "node:net";

/** link-local holds the metadata services of clouds: credentials for whoever asks. */
export type AddressKind = "public" | "private" | "loopback" | "link-local";

type Net = readonly [address: string, prefix: number];

/** RFC 1122, 1918, 3927, 4193, 4291, 6598, and the clouds' metadata addresses outside of them. */
const nets: Readonly<Record<Exclude<AddressKind, "public">, readonly Net[]>> = {
  "link-local": [
    ["169.254.0.0", 16],
    ["fe80::", 10],
    ["fd00:ec2::254", 128],
    ["100.100.100.200", 32],
    ["168.63.129.16", 32],
    ["192.0.0.192", 32],
  ],
  loopback: [
    ["127.0.0.0", 8],
    ["::1", 128],
    ["0.0.0.0", 8],
    ["::", 128],
  ],
  private: [
    ["10.0.0.0", 8],
    ["172.16.0.0", 12],
    ["192.168.0.0", 16],
    ["100.64.0.0", 10],
    ["192.0.0.0", 24],
    ["198.18.0.0", 15],
    ["224.0.0.0", 3],
    ["fc00::", 7],
    ["fec0::", 10],
    ["ff00::", 8],
  ],
};

const family = (address: string): "ipv4" | "ipv6" => (isIP(address) === 6 ? "ipv6" : "ipv4");

function listOf(all: readonly Net[]): BlockList {
  const list = new BlockList();
  for (const [address, prefix] of all) list.addSubnet(address, prefix, family(address));
  return list;
}

const lists = Object.entries(nets).map(
  ([kind, all]) => [kind as AddressKind, listOf(all)] as const,
);

/** The IPv4 address inside an IPv6 one: mapped, compatible, or of a translator (RFC 6052, 3056). */
function embedded(address: string): string | null {
  const words = wordsOf(address);
  const pair = (high: number): string | null => {
    const [a, b] = words.slice(high, high + 2);
    return a === undefined || b === undefined ? null : [a >> 8, a & 255, b >> 8, b & 255].join(".");
  };
  const start = words.slice(0, 6).join(",");
  // ::ffff:a.b.c.d, 64:ff9b::a.b.c.d and ::a.b.c.d; ::1 and :: are themselves.
  if (start === "0,0,0,0,0,65535" || start === "100,65435,0,0,0,0") return pair(6);
  if (start === "0,0,0,0,0,0" && (words[6] !== 0 || words[7]! > 1)) return pair(6);
  return words[0] === 0x2002 ? pair(1) : null;
}

/** The eight 16-bit words of an IPv6 address that `isIP` took. */
function wordsOf(address: string): readonly number[] {
  const plain = address
    .replace(/%.*$/, "")
    .replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_, ...parts) => {
      const [a, b, c, d] = parts.slice(0, 4).map(Number) as [number, number, number, number];
      return `${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`;
    });
  const [head = "", tail] = plain.split("::");
  const parse = (text: string): number[] =>
    text === "" ? [] : text.split(":").map((word) => Number.parseInt(word, 16));
  if (tail === undefined) return parse(head);
  const [front, back] = [parse(head), parse(tail)];
  return [...front, ...new Array<number>(8 - front.length - back.length).fill(0), ...back];
}

/** The kind of an IP address; what is no address is link-local, the kind that nobody may call. */
export function addressKind(address: string): AddressKind {
  const version = isIP(address);
  if (version === 0) return "link-local";
  const inside = version === 6 ? embedded(address) : null;
  if (inside !== null) return addressKind(inside);
  const plain = address.replace(/%.*$/, "");
  return lists.find(([, list]) => list.check(plain, family(plain)))?.[0] ?? "public";
}

/** Whether an address lies in one of the CIDR blocks; malformed blocks hold nothing. */
export function inBlocks(address: string, blocks: readonly string[]): boolean {
  const plain = address.replace(/%.*$/, "");
  if (isIP(plain) === 0) return false;
  return blocks.some((block) => {
    const [net = "", bits] = block.trim().split("/");
    const prefix = Number(bits);
    if (isIP(net) === 0 || !Number.isInteger(prefix) || prefix < 0) return false;
    if (prefix > (isIP(net) === 6 ? 128 : 32)) return false;
    return listOf([[net, prefix]]).check(plain, family(plain));
  });
}
