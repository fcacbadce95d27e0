// Addresses by the network that they belong to, in every form that reaches the same machine.
import assert from "node:assert/strict";
import { test } from "node:test";
import { addressKind, inBlocks } from "./addresses.ts";

test("each kind is told, also inside of IPv6", () => {
  const cases: Readonly<Record<string, readonly string[]>> = {
    public: [
      "8.8.8.8",
      "203.0.113.7",
      "2001:4860:4860::8888",
      "172.32.0.1",
      "11.0.0.0",
      "100.128.0.1",
    ],
    private: [
      ...["10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "100.64.0.1", "198.18.0.1"],
      ...["fc00::1", "fd12:3456::1", "::ffff:10.0.0.1", "::ffff:a00:1", "64:ff9b::10.0.0.1"],
      ...["2002:a00:1::", "::10.0.0.1", "224.0.0.1", "255.255.255.255", "ff02::1"],
    ],
    loopback: [
      "127.0.0.1",
      "127.1.2.3",
      "::1",
      "0.0.0.0",
      "::",
      "::ffff:127.0.0.1",
      "2002:7f00:1::1",
    ],
    "link-local": [
      ...["169.254.169.254", "169.254.0.1", "fe80::1", "fe80::1%eth0", "::ffff:169.254.169.254"],
      ...["fd00:ec2::254", "100.100.100.200", "168.63.129.16", "not an address", ""],
    ],
  };
  for (const [kind, addresses] of Object.entries(cases)) {
    for (const address of addresses) assert.equal(addressKind(address), kind, address);
  }
});

test("blocks that are given hold what they say, and malformed ones nothing", () => {
  assert.equal(inBlocks("198.51.100.9", ["198.51.100.0/24"]), true);
  assert.equal(inBlocks("198.51.101.9", ["198.51.100.0/24", " 2001:db8::/32"]), false);
  assert.equal(inBlocks("2001:db8::1", ["198.51.100.0/24", " 2001:db8::/32"]), true);
  assert.equal(inBlocks("1.2.3.4", ["1.2.3.4", "1.2.3.4/33", "x/8", "/", "1.2.3.4/-1"]), false);
});
