// Foreign functions: Envoy's, the gateway's own, and what is not there.
import assert from "node:assert/strict";
import { generateKeyPairSync, sign, verify } from "node:crypto";
import { deflateSync, inflateSync } from "node:zlib";
import { readMessage, writeMessage } from "../../src/host/foreign/message.ts";
import {
  declareArguments,
  filterStateArguments,
  signArguments,
  signResult,
  verifyArguments,
  verifyResult,
} from "../../src/spec/foreign-functions.ts";
import { call, load } from "../host/guest.ts";
import { type Cell, FAR, type Kind, of, type Subject } from "./cell.ts";
import type { Phase, Played } from "./play.ts";

const H = "proxy_on_request_headers" as const;
const escaped = (bytes: Uint8Array): string =>
  [...bytes].map((byte) => `\\${byte.toString(16).padStart(2, "0")}`).join("");
const NOTHING = new Uint8Array(0);
const text = Buffer.from("to be signed");
const keys = generateKeyPairSync("rsa", { modulusLength: 2048 });
const der = {
  public: keys.publicKey.export({ format: "der", type: "spki" }),
  private: keys.privateKey.export({ format: "der", type: "pkcs8" }),
};
const pem = {
  public: keys.publicKey.export({ format: "pem", type: "spki" }) as string,
  private: keys.privateKey.export({ format: "pem", type: "pkcs8" }) as string,
};
const curve = generateKeyPairSync("ec", { namedCurve: "P-256" });
const edwards = generateKeyPairSync("ed25519");

/** What the guest was given, as bytes of its memory. */
function given({ plugin }: Played): Uint8Array {
  const line = plugin.services.log.lines().find(({ text }) => text.startsWith("hex "));
  return Buffer.from(line?.text.slice(4) ?? "", "hex");
}

/** WAT that logs what the host gave as `hex …`, its address at 100 and its size at 104. */
const hex = `(func $hex (local $i i32) (local $byte i32)
  (i32.store (i32.const 40000) (i32.const 0x20786568))
  (block $done (loop $next
    (br_if $done (i32.ge_u (local.get $i) (i32.load (i32.const 104))))
    (local.set $byte (i32.load8_u (i32.add (i32.load (i32.const 100)) (local.get $i))))
    (call $nibble (i32.add (i32.const 40004) (i32.mul (local.get $i) (i32.const 2))) (i32.shr_u (local.get $byte) (i32.const 4)))
    (call $nibble (i32.add (i32.const 40005) (i32.mul (local.get $i) (i32.const 2))) (i32.and (local.get $byte) (i32.const 15)))
    (local.set $i (i32.add (local.get $i) (i32.const 1)))
    (br $next)))
  (drop (call $proxy_log (i32.const 2) (i32.const 40000) (i32.add (i32.const 4) (i32.mul (i32.load (i32.const 104)) (i32.const 2))))))
(func $nibble (param $at i32) (param $n i32)
  (i32.store8 (local.get $at) (i32.add (local.get $n) (select (i32.const 87) (i32.const 48) (i32.gt_u (local.get $n) (i32.const 9))))))`;

/** A call of a foreign function with an argument; what it gives goes to `check`. */
function calls(
  kind: Kind,
  name: string,
  what: string,
  argument: Uint8Array,
  status: number,
  check?: (result: Uint8Array, played: Played) => void,
  phase: Phase = H,
): Cell {
  return {
    fn: "proxy_call_foreign_function",
    kind,
    phase,
    what: `${name} ${what}`,
    calls: [
      call("proxy_call_foreign_function", 0, name.length, 1000, argument.length, 100, 104),
      "(call $hex)",
    ],
    notes: [],
    options: {
      more: hex,
      data: [
        [0, name],
        [1000, escaped(argument)],
      ],
    },
    check: (played) => {
      assert.equal(played.notes[0], status);
      check?.(given(played), played);
    },
  };
}

const toSign = (part: object): Uint8Array =>
  writeMessage(signArguments, {
    hash_function: "sha256",
    private_key: NOTHING,
    private_key_pem: "",
    text,
    ...part,
  });
const toVerify = (part: object): Uint8Array =>
  writeMessage(verifyArguments, {
    hash_function: "SHA256",
    public_key: NOTHING,
    public_key_pem: "",
    signature: sign("sha256", text, keys.privateKey),
    text,
    ...part,
  });
const verdict =
  (error: string) =>
  (result: Uint8Array): void =>
    assert.deepEqual(readMessage(verifyResult, result), { result: error === "", error });
const signed =
  (error: string) =>
  (result: Uint8Array): void => {
    const message = readMessage(signResult, result)!;
    assert.deepEqual([message.result, message.error], [error === "", error]);
    if (error === "") assert.ok(verify("sha256", text, keys.publicKey, message.signature));
  };
const state = (path: string): Uint8Array =>
  writeMessage(filterStateArguments, { path, value: "cluster_b", span: 1 });
const declared = (name: string, readonly: boolean): Uint8Array =>
  writeMessage(declareArguments, { name, readonly, type: 1, schema: NOTHING, span: 0 });

export const foreign: Subject = {
  name: "foreign",
  cells: [
    ...of(
      "proxy_call_foreign_function",
      H,
      {
        data: [
          [0, "mine"],
          [8, "argument"],
        ],
        foreign: {
          mine: (argument) => (argument.length === 0 ? 3 : argument.slice().reverse()),
          __proto__: () => 0,
        },
      },
      [
        "right",
        "reaches what the gateway gave, with bytes both ways",
        [call("proxy_call_foreign_function", 0, 4, 8, 8, 100, 104), load(104)],
        [0, 8],
      ],
      [
        "misuse",
        "what is not there is NOT_FOUND, also names that every object has",
        [
          call("proxy_call_foreign_function", 0, 3, 8, 8, 100, 104),
          call("proxy_call_foreign_function", 8, 8, 8, 8, 100, 104),
        ],
        [1, 1],
      ],
      [
        "misuse",
        "bad addresses",
        [
          call("proxy_call_foreign_function", FAR, 4, 8, 8, 100, 104),
          call("proxy_call_foreign_function", 0, 4, FAR, 8, 100, 104),
          call("proxy_call_foreign_function", 0, 4, 8, 8, FAR, 104),
          call("proxy_call_foreign_function", 0, 4, 8, 8, 100, FAR),
        ],
        [6, 6, 6, 6],
      ],
      [
        "edge",
        "a status of its own is passed on, a result that is not wanted is not given",
        [
          call("proxy_call_foreign_function", 0, 4, 8, 0, 100, 104),
          call("proxy_call_foreign_function", 0, 4, 8, 8, 0, 0),
          call("proxy_call_foreign_function", 0, 4, 8, 8, 0, 104),
          load(104),
        ],
        [3, 0, 0, 8],
      ],
    ),
    calls("right", "compress", "gives zlib data", Buffer.from("a".repeat(999)), 0, (result) =>
      assert.equal(inflateSync(result).toString(), "a".repeat(999)),
    ),
    calls("edge", "compress", "takes nothing as well", NOTHING, 0, (result) =>
      assert.equal(inflateSync(result).length, 0),
    ),
    calls(
      "right",
      "uncompress",
      "gives back what was compressed",
      deflateSync("hello"),
      0,
      (result) => assert.equal(Buffer.from(result).toString(), "hello"),
    ),
    calls("misuse", "uncompress", "refuses what is no zlib data", Buffer.from("hello"), 3),
    calls(
      "misuse",
      "uncompress",
      "refuses what ends too soon",
      deflateSync("hello").subarray(0, 6),
      3,
    ),
    calls(
      "edge",
      "uncompress",
      "gives no more than the host has to give",
      deflateSync(new Uint8Array(17 * 1024 * 1024)),
      10,
    ),
    calls(
      "right",
      "sign",
      "signs with a DER key",
      toSign({ private_key: der.private }),
      0,
      signed(""),
    ),
    calls(
      "right",
      "sign",
      "signs with a PEM key",
      toSign({ private_key_pem: pem.private }),
      0,
      signed(""),
    ),
    calls("misuse", "sign", "wants exactly one key", toSign({}), 2),
    calls(
      "misuse",
      "sign",
      "wants not two",
      toSign({ private_key: der.private, private_key_pem: pem.private }),
      2,
    ),
    calls(
      "edge",
      "sign",
      "says that it does not know a hash function",
      toSign({ private_key: der.private, hash_function: "md5" }),
      0,
      signed("md5 is not supported."),
    ),
    calls(
      "edge",
      "sign",
      "says that a public key can't sign",
      toSign({ private_key_pem: pem.public }),
      0,
      signed("Invalid key type: private key required for signing operation."),
    ),
    calls(
      "right",
      "verify_signature",
      "accepts what the key signed, the hash in any case",
      toVerify({ public_key: der.public }),
      0,
      verdict(""),
    ),
    calls(
      "right",
      "verify_signature",
      "takes a PEM key, and curves",
      toVerify({
        public_key_pem: curve.publicKey.export({ format: "pem", type: "spki" }) as string,
        signature: sign("sha256", text, curve.privateKey),
      }),
      0,
      verdict(""),
    ),
    calls("misuse", "verify_signature", "wants exactly one key", toVerify({}), 2),
    calls("misuse", "verify_signature", "wants a message", Buffer.from([0xff, 0xff, 0xff]), 2),
    calls(
      "edge",
      "verify_signature",
      "says no to another text",
      toVerify({ public_key: der.public, text: Buffer.from("another") }),
      0,
      verdict("Failed to verify digest. Error code: 0"),
    ),
    calls(
      "edge",
      "verify_signature",
      "says no to bytes that are no signature",
      toVerify({ public_key: der.public, signature: Buffer.from([0, 0, 0]) }),
      0,
      verdict("Failed to verify digest. Error code: 0"),
    ),
    calls(
      "edge",
      "verify_signature",
      "says that a key is none, or takes no hash function",
      toVerify({ public_key: Buffer.from("no key") }),
      0,
      verdict("Failed to initialize digest verify."),
    ),
    calls(
      "edge",
      "verify_signature",
      "refuses Edwards curves as Envoy does",
      toVerify({ public_key: edwards.publicKey.export({ format: "der", type: "spki" }) }),
      0,
      verdict("Failed to initialize digest verify."),
    ),
    calls(
      "edge",
      "verify_signature",
      "does not take a private key for a public one",
      toVerify({ public_key_pem: pem.private }),
      0,
      verdict("Failed to initialize digest verify."),
    ),
    calls(
      "right",
      "clear_route_cache",
      "makes the gateway choose the route again",
      NOTHING,
      0,
      (_, { stream }) => assert.equal(stream.routeCacheCleared, true),
    ),
    calls(
      "edge",
      "clear_route_cache",
      "does nothing outside of a request",
      NOTHING,
      0,
      (_, { stream }) => assert.equal(stream.routeCacheCleared, false),
      "proxy_on_tick",
    ),
    calls(
      "right",
      "set_envoy_filter_state",
      "sets a key of the proxy",
      state("envoy.tcp_proxy.cluster"),
      0,
      (_, { stream }) =>
        assert.deepEqual([...stream.filterState.envoy], [["envoy.tcp_proxy.cluster", "cluster_b"]]),
    ),
    calls(
      "misuse",
      "set_envoy_filter_state",
      "knows no other keys",
      state("wasm.mine"),
      1,
      (_, { stream }) => assert.equal(stream.filterState.envoy.size, 0),
    ),
    calls("misuse", "set_envoy_filter_state", "wants a message", Buffer.from([0x0a, 0x7f]), 2),
    calls(
      "edge",
      "set_envoy_filter_state",
      "has no stream in a timer",
      state("envoy.tcp_proxy.cluster"),
      1,
      undefined,
      "proxy_on_tick",
    ),
    calls(
      "right",
      "declare_property",
      "makes a property that is written once",
      declared("once", true),
      0,
      (_, { plugin, stream }) => {
        assert.deepEqual(plugin.root.declared.get("once"), { readonly: true, span: 0 });
        assert.deepEqual(
          [stream.setProperty("once", text), stream.setProperty("once", text)],
          [0, 2],
        );
      },
      "proxy_on_configure",
    ),
    calls(
      "edge",
      "declare_property",
      "of a request holds for nothing",
      declared("once", true),
      0,
      (_, { plugin, stream }) => {
        assert.equal(plugin.root.declared.size, 0);
        assert.deepEqual(
          [stream.setProperty("once", text), stream.setProperty("once", text)],
          [0, 0],
        );
      },
    ),
    calls(
      "misuse",
      "set_envoy_filter_state",
      "takes only what the key can hold",
      state("envoy.upstream.dynamic_port"),
      2,
      (_, { stream }) => assert.equal(stream.filterState.envoy.size, 0),
    ),
    calls(
      "misuse",
      "declare_property",
      "wants a message",
      Buffer.from([0x10]),
      2,
      undefined,
      "proxy_on_configure",
    ),
    calls(
      "edge",
      "declare_property",
      "leaves others free to be written again",
      declared("free", false),
      0,
      (_, { stream }) =>
        assert.deepEqual(
          [stream.setProperty("free", text), stream.setProperty("free", text)],
          [0, 0],
        ),
      "proxy_on_configure",
    ),
    {
      fn: "proxy_call_foreign_function",
      kind: "edge",
      phase: "proxy_on_request_headers",
      what: "a function that fails has an empty result, one that is not there none at all",
      calls: [
        "(i32.store (i32.const 100) (i32.const 77)) (i32.store (i32.const 104) (i32.const 77))",
        call("proxy_call_foreign_function", 40, 4, 0, 0, 100, 104),
        load(100),
        call("proxy_call_foreign_function", 0, 10, 0, 4, 100, 104),
        load(100),
        load(104),
      ],
      notes: [1, 77, 3, 0, 0],
      options: {
        data: [
          [0, "uncompress"],
          [40, "none"],
        ],
      },
    },
    ...["expr_create", "expr_evaluate", "expr_delete"].map((name) =>
      calls(
        "edge",
        name,
        "is not offered, as in a proxy built without expressions",
        Buffer.from("1 + 1"),
        1,
      ),
    ),
  ],
};
