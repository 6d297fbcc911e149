"""What aggregating updates costs with ByzFL and Flower: processor seconds of one call, as JSON.

    federated_peers.py PEER RULE UPDATES CELLS

The rows are seeded. ByzFL computes in 64 bits, Flower in the 32 bits that its clients send. Of Flower it is the file with its
rules that is run, not the package: that asks for a cryptographic library, a remote procedure call and a terminal.
"""

import importlib.util
import json
import pathlib
import resource
import sys
import time
from unittest import mock

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "interop"))


def byzfl(rule, faults):
    from byzfl_alone import aggregators, preaggregators

    mixing, median = preaggregators.NNM(f=faults), aggregators.GeometricMedian(nu=0.1, T=8)
    return {
        "multi-krum": aggregators.MultiKrum(f=faults),
        "geometric-median": median,
        "mixing and geometric-median": lambda rows: median(mixing(rows)),
    }[rule]


def flower(rule, faults):
    for name in ("flwr", "flwr.common", "flwr.server", "flwr.server.client_proxy"):
        sys.modules[name] = mock.MagicMock()
    folders = [pathlib.Path(folder) / "flwr/server/strategy/aggregate.py" for folder in sys.path]
    path = next(path for path in folders if path.is_file())
    spec = importlib.util.spec_from_file_location("aggregate", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert rule == "multi-krum", rule
    return lambda rows: module.aggregate_krum([([row], 1) for row in rows], faults, len(rows) - faults)


def main(peer, rule, updates, cells):
    faults = updates // 5
    make = {"byzfl": byzfl, "flower": flower}[peer](rule, faults)
    draw = np.random.default_rng(5)
    kind = np.float64 if peer == "byzfl" else np.float32
    rows = np.empty((updates, cells), kind)
    for row in rows:
        row[:] = draw.standard_normal(cells, np.float32)
    start = time.process_time()
    make(rows)
    seconds = time.process_time() - start
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(json.dumps({"seconds": seconds, "memory": memory}))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
