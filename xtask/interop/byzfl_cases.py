"""Aggregates by ByzFL of seeded rows, for crates/federated/tests/byzfl.json.

    byzfl_cases.py FILE

ByzFL computes with NumPy on NumPy's arrays, but imports PyTorch, which is gigabytes: a module of the same name without
anything in it stands in where that is not installed.
"""

import importlib.machinery
import importlib.metadata
import importlib.util
import json
import sys
from unittest import mock

import numpy as np

if importlib.util.find_spec("torch") is None:
    class Absent:
        """What no array is."""

    torch = mock.MagicMock(Tensor=Absent)
    torch.__spec__ = importlib.machinery.ModuleSpec("torch", None)
    torch.__path__ = []
    for name in ("torch", "torch.linalg", "torch.nn", "torch.nn.functional", "torch.utils", "torch.utils.data", "torch.optim",
                 "torchvision", "torchvision.transforms", "torchvision.datasets"):
        sys.modules[name] = torch

# What trains and draws is not asked for.
sys.modules["byzfl.benchmark"] = mock.MagicMock()
sys.modules["byzfl.fed_framework"] = mock.MagicMock()

from byzfl.aggregators import aggregators, preaggregators  # noqa: E402

UPDATES, CELLS, FAULTS = 11, 6, 3


def main(path):
    draw = np.random.default_rng(7)
    cases = []
    for _ in range(8):
        common = draw.normal(0, 3, CELLS)
        rows = common + draw.normal(0, 1, (UPDATES, CELLS))
        rows[:FAULTS] = draw.normal(0, 9, (FAULTS, CELLS))
        rows = np.round(rows, 6)
        centre = np.round(common + draw.normal(0, 1, CELLS), 6)
        clipping = aggregators.CenteredClipping(m=None, L=3, tau=2.5)
        clipping.m = centre
        rules = {
            "average": aggregators.Average(),
            "krum": aggregators.Krum(f=FAULTS),
            "multi-krum": aggregators.MultiKrum(f=FAULTS),
            "geometric median": aggregators.GeometricMedian(nu=0.1, T=8),
            "centered clipping": clipping,
            "minimum diameter": aggregators.MDA(f=FAULTS),
            "trimmed mean": aggregators.TrMean(f=FAULTS),
            "coordinate median": aggregators.Median(),
        }
        made = {name: rule(rows).tolist() for name, rule in rules.items()}
        steps = {
            "mixed": preaggregators.NNM(f=FAULTS)(rows).tolist(),
            "clipped": preaggregators.Clipping(c=4.0)(rows.copy()).tolist(),
        }
        cases.append({"rows": rows.tolist(), "centre": centre.tolist(), "rules": made, "steps": steps})
    said = {"about": f"byzfl {importlib.metadata.version('byzfl')}: xtask/interop/byzfl_cases.py", "cases": cases}
    with open(path, "w", encoding="utf-8") as file:
        json.dump(said, file, indent=1)
        file.write("\n")


if __name__ == "__main__":
    main(sys.argv[1])
