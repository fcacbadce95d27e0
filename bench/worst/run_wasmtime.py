# Every case of a job under Wasmtime, in rounds, by the thread's CPU time: as run-node.mjs.
import json
import sys
import time

import wasmtime as w

job = json.load(open(sys.argv[1]))
engine = w.Engine(w.Config())
driver = w.Module.from_file(engine, job["driver"])


def start(one):
    if "module" not in one:
        one["module"] = w.Module.from_file(engine, one["file"])
    store = w.Store(engine)
    guest = w.Instance(store, one["module"], []).exports(store)
    if one["units"] is None:
        try:
            guest["setup"](store)
        except KeyError:
            pass
        return store, guest["run"], lambda turns: guest["glovebox_spent"].value(store)
    drive = w.Instance(store, driver, [guest["proxy_on_log"]]).exports(store)["drive"]
    return store, drive, lambda turns: turns * one["units"]


def sample(side, turns):
    store, run, spent = side
    begin = time.thread_time_ns()
    run(store, turns)
    took = time.thread_time_ns() - begin
    return took, spent(turns)


cases = job["cases"]
for one in cases:
    one["samples"] = []
    one["failed"] = None
    one["used"] = 0
    try:
        if "once" not in one:
            one["side"] = start(one)
            one["turns"] = 1
            while min(sample(one["side"], one["turns"])[0] for _ in range(2)) < job["least"]:
                one["turns"] *= 2
    except Exception as error:
        one["failed"] = str(error).splitlines()[0]
for _ in range(job["rounds"]):
    for one in cases:
        if one["failed"] is None:
            took, units = sample(one.get("side") or start(one), one.get("once") or one["turns"])
            one["samples"].append(took / units)
            one["used"] = units
print(json.dumps([{key: one[key] for key in ("name", "mode", "samples", "used", "failed")} for one in cases]))
