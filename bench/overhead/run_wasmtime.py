# Every variant of one module under Wasmtime, in turns with the module as it was built, in one process and by
# the thread's CPU time. Wasmtime's own fuel and epochs are variants too: engines with that configuration.
import hashlib
import json
import os
import sys
import time

import wasmtime as w

job = json.load(open(sys.argv[1]))


def engine_for(kind):
    config = w.Config()
    config.consume_fuel = kind == "fuel"
    config.epoch_interruption = kind == "epoch"
    return w.Engine(config)


engines = {kind: engine_for(kind) for kind in ("plain", "fuel", "epoch")}
FUEL = (1 << 62) - 1


def load(kind, path):
    """Compiles once per engine and content; the cache holds what Wasmtime wrote itself."""
    engine = engines[kind]
    data = open(path, "rb").read()
    key = hashlib.sha256(data + kind.encode() + job["version"].encode()).hexdigest()[:24]
    kept = os.path.join(job["cache"], key + ".cwasm")
    if os.path.exists(kept):
        return w.Module.deserialize_file(engine, kept)
    module = w.Module(engine, data)
    draft = f"{kept}.{os.getpid()}"
    with open(draft, "wb") as out:
        out.write(module.serialize())
    os.replace(draft, kept)
    return module


def bare(name):
    return "wasi" if name.startswith("wasi") else name


class Side:
    def __init__(self, variant):
        self.name = variant["name"]
        self.failed = None
        self.refill = variant["refill"]
        self.cells = []
        self.kind = variant.get("engine", "plain")
        self.ratios = []
        try:
            self.start(variant)
        except Exception as error:
            self.failed = str(error).splitlines()[0]

    def start(self, variant):
        store = self.store = w.Store(engines[self.kind])
        if self.kind == "fuel":
            store.set_fuel(FUEL)
        if self.kind == "epoch":
            store.set_epoch_deadline(1 << 40)
        between = w.Instance(store, load(self.kind, job["trampolines"]), []).exports(store)
        module = load(self.kind, variant["file"])
        imports = [between[f"{bare(one.module)}.{one.name}"] for one in module.imports]
        guest = self.guest = w.Instance(store, module, imports).exports(store)
        names = {one.name for one in module.exports}
        host_module = load(self.kind, job["host"])

        def wanted(name):
            if name == "allocate":
                for one in ("malloc", "proxy_on_memory_allocate"):
                    if one in names:
                        return guest[one]
            return guest[name] if name in names else between[f"absent.{name}"]

        host = w.Instance(store, host_module, [wanted(one.name) for one in host_module.imports])
        runs = host.exports(store)
        for row in job["slots"]:
            between["table"].set(store, row["slot"], runs[row["name"]])
        self.cells = [(guest[name], w.Val.i64(int(value))) for name, value in self.refill.items()]
        self.fill()
        for name in ("_initialize", "_start"):
            if name in names:
                guest[name](store)
                break
        if job["setting"] is not None:
            runs["start"](store, job["setting"])
        self.bench = guest["bench"] if "bench" in names else runs["bench"]

    def fill(self):
        for cell, value in self.cells:
            cell.set_value(self.store, value)
        if self.kind == "fuel":
            self.store.set_fuel(FUEL)

    def left(self):
        return {name: str(cell.value(self.store)) for name, (cell, _) in zip(self.refill, self.cells, strict=True)}

    def once(self):
        try:
            self.fill()
            start = time.thread_time_ns()
            value = self.bench(self.store, job["rounds"])
            return (time.thread_time_ns() - start) / 1e6, value
        except Exception as error:
            self.failed = str(error).splitlines()[0]
            return 0.0, 0


base = Side(job["base"])
if base.failed:
    sys.exit(f"the module itself failed: {base.failed}")
sides = [Side(variant) for variant in job["variants"]]
expected = base.once()[1]
if base.failed:
    sys.exit(f"the module itself failed: {base.failed}")
for round in range(job["warmup"]):
    for side in sides:
        if side.failed is None:
            value = side.once()[1]
            if round == 0 and value != expected and side.failed is None:
                side.failed = f"answers {value}, not {expected}"
            if round == 0 and side is sides[-1]:
                base.once()

times = []
for round in range(job["runs"]):
    order = [side for side in sides if side.failed is None]
    if round % 2 == 1:
        order.reverse()
    left = base.once()[0]
    for side in order:
        took = side.once()[0]
        right = base.once()[0]
        times.append(right)
        if side.failed is None:
            side.ratios.append(2 * took / (left + right))
        left = right

print(
    json.dumps(
        {
            "engine": f"Wasmtime {job['version']}",
            "base": times,
            "sum": expected,
            "sides": [
                {
                    "name": side.name,
                    "failed": side.failed,
                    "compileMs": None,
                    "ratios": side.ratios,
                    "spent": None,
                    "left": side.left(),
                }
                for side in sides
            ],
        }
    )
)
