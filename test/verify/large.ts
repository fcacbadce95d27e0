// A conforming hardened module of any size, for time and memory: one realistic guest function (loops, calls,
// branches, loads and stores, charges in both places), repeated.
import { u32 } from "./assemble.ts";
import { forge, type Plan } from "./forge.ts";

const block = `local.get 0 i32.load 2 8 i32.const 255 i32.and local.tee 1
  if local.get 1 i32.const 3 i32.shl local.get 0 i32.add local.set 2
  else local.get 2 i32.const -4096 i32.xor local.set 2 end
  block local.get 2 local.get 1 i32.lt_u br_if 0 local.get 0 local.get 2 i32.store 2 12 end
  local.get 2 call $g1 local.set 2
  loop CHARGE_L=4,40 local.get 2 i32.const 1 i32.sub local.tee 2 local.get 1 i32.gt_s br_if 0 end `;

const body = `ENTER_L=4,20000 ${block.repeat(32)} FLUSH=4 local.get 2 i32.const 0 call_indirect i:i 0 end`;

const plan: Plan = {
  tables: [[0x70, 1, 1, 8]],
  elements: (symbols) => [[0, 0x41, 0, 0x0b, 1, ...u32(symbols("g0"))]],
  exports: [["run", 0]],
  guests: [
    { type: "i:i", code: "CHARGE_G=10 local.get 0 end" },
    { type: "i:i", code: "local.get 0 i32.const 7 i32.and end" },
    { type: "i:i", locals: "3i 1I", code: body },
  ],
};

const FUNCTION = 3;
const CODE = 10;

/** A module of about `bytes` bytes, which verify accepts. */
export function largeModule(bytes: number): Uint8Array {
  const small = forge(plan);
  const unit = lastItemOf(small);
  const copies = Math.max(0, Math.round((bytes - small.length) / (unit.length + 1)));
  const parts: Uint8Array[] = [small.subarray(0, 8)];
  let at = 8;
  while (at < small.length) {
    const id = small[at]!;
    const [size, start] = readU32(small, at + 1);
    const content = small.subarray(start, start + size);
    at = start + size;
    if (id !== FUNCTION && id !== CODE) {
      parts.push(Uint8Array.from([id, ...u32(size)]), content);
      continue;
    }
    const [count, items] = readU32(content, 0);
    const item = id === CODE ? unit : content.subarray(-1);
    const head = u32(count + copies);
    const total = head.length + content.length - items + copies * item.length;
    parts.push(Uint8Array.from([id, ...u32(total), ...head]), content.subarray(items));
    for (let i = 0; i < copies; i++) parts.push(item);
  }
  return Buffer.concat(parts);
}

/** The last function body with its size. */
function lastItemOf(module: Uint8Array): Uint8Array {
  let at = 8;
  while (at < module.length) {
    const id = module[at]!;
    const [size, start] = readU32(module, at + 1);
    at = start + size;
    if (id !== CODE) continue;
    let [left, item] = readU32(module, start);
    for (; left > 1; left--) {
      const [length, from] = readU32(module, item);
      item = from + length;
    }
    return module.subarray(item, at);
  }
  throw new Error("no code section");
}

function readU32(bytes: Uint8Array, at: number): [value: number, next: number] {
  let value = 0;
  for (let shift = 0; ; shift += 7) {
    const byte = bytes[at++]!;
    value += (byte & 0x7f) * 2 ** shift;
    if (byte < 0x80) return [value, at];
  }
}
