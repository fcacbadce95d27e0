"""Runs modules in Wasmtime for the differential fuzz targets. Arguments: bytes of stack, Cranelift's level.

One request a line on standard input, {"wasm": base64, "calls": [{"name", "args"}],
"answers": {name: status of that host function}}; one answer a line on standard output: the trace that test/fuzz/trace.ts describes, or {"error": text} where the module is refused.
An i64 argument comes as text with a trailing n, minus zero as -0.
"""

import base64
import hashlib
import json
import math
import struct
import sys

import wasmtime

FLOATS = ("f32", "f64")

# In the order in which they are tried: the words are Wasmtime's.
KINDS = [
    ("divide by zero", "divide-by-zero"),
    ("integer overflow", "number"),
    ("invalid conversion", "number"),
    ("uninitialized element", "callee"),
    ("indirect call type mismatch", "callee"),
    ("table", "table"),
    ("out of bounds", "memory"),
    ("unreachable", "unreachable"),
    ("call stack", "stack"),
]


def trap_text(error):
    message = str(error)
    cause = message[message.rfind("wasm trap:") :] if "wasm trap:" in message else message
    for words, kind in KINDS:
        if words in cause:
            return "trap " + kind
    return "trap " + cause


def value_text(value, kind):
    if kind == "i64":
        return f"{value}n"
    if kind == "i32":
        return str(value)
    if math.isnan(value):
        return "nan"
    return struct.pack(">d", value).hex()


def argument(value):
    if not isinstance(value, str):
        return value
    return -0.0 if value == "-0" else int(value[:-1])


def digest(text):
    return hashlib.sha1(text).hexdigest()


def host_text(calls):
    return f"{len(calls)} {digest(';'.join(calls).encode())}"


class Runner:
    def __init__(self):
        config = wasmtime.Config()
        config.cranelift_opt_level = sys.argv[2]
        config.parallel_compilation = False
        config.max_wasm_stack = int(sys.argv[1])
        self.engine = wasmtime.Engine(config)

    def run(self, wasm, calls, answers):
        store = wasmtime.Store(self.engine)
        module = wasmtime.Module(self.engine, wasm)
        host = []

        def function(name, kind):
            def answer(*args):
                host.append(" ".join([name, *map(str, args)]))
                return answers[name] if len(kind.results) > 0 else None

            return wasmtime.Func(store, kind, answer)

        imports = [function(one.name, one.type) for one in module.imports]
        steps = []
        try:
            exports = wasmtime.Instance(store, module, imports).exports(store)
        except wasmtime.Trap as error:
            # A segment did not fit: there is nothing to look at.
            steps.append({"name": "", "outcome": trap_text(error), "spent": ""})
            return {"steps": steps, "globals": {}, "memory": "", "host": host_text(host)}
        for call in calls:
            target = exports[call["name"]]
            # wasmtime-py wants i32 arguments signed, as they come.
            args = [
                float(argument(value)) if str(kind) in FLOATS else argument(value)
                for value, kind in zip(call["args"], target.type(store).params)
            ]
            try:
                result = target(store, *args)
                kinds = [str(kind) for kind in target.type(store).results]
                values = [] if len(kinds) == 0 else [result] if len(kinds) == 1 else result
                outcome = "= " + " ".join(map(value_text, values, kinds))
            except (wasmtime.Trap, wasmtime.WasmtimeError) as error:
                outcome = trap_text(error)
            hardened = "glovebox_spent" in exports
            spent = str(exports["glovebox_spent"].value(store)) if hardened else ""
            steps.append({"name": call["name"], "outcome": outcome, "spent": spent})
            if outcome.startswith("trap"):
                break
        shown = {}
        for export in module.exports:
            if isinstance(export.type, wasmtime.GlobalType):
                kind = str(export.type.content)
                shown[export.name] = value_text(exports[export.name].value(store), kind)
        memory = exports["memory"]
        # The buffer is a ctypes array over the memory itself.
        data = digest(memory.get_buffer_ptr(store)) if memory.data_len(store) else digest(b"")
        return {
            "steps": steps,
            "globals": shown,
            "memory": f"{memory.size(store)} {data}",
            "host": host_text(host),
        }


def main():
    runner = Runner()
    for line in sys.stdin:
        request = json.loads(line)
        try:
            answer = runner.run(base64.b64decode(request["wasm"]), request["calls"], request["answers"])
        except (wasmtime.WasmtimeError, wasmtime.Trap) as error:
            answer = {"error": str(error)}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


main()
