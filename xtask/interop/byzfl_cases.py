"""Aggregates by ByzFL of seeded rows, for crates/federated/tests/byzfl.json.

    byzfl_cases.py FILE [SEED UPDATES CELLS FAULTS COUNT]
"""

import importlib.metadata
import json
import sys

import numpy as np
from byzfl_alone import aggregators, preaggregators


def main(path, seed=7, updates=11, cells=6, faults=3, count=8):
    draw = np.random.default_rng(seed)
    cases = []
    for _ in range(count):
        common = draw.normal(0, 3, cells)
        rows = common + draw.normal(0, 1, (updates, cells))
        rows[:faults] = draw.normal(0, 9, (faults, cells))
        rows = np.round(rows, 6)
        centre = np.round(common + draw.normal(0, 1, cells), 6)
        clipping = aggregators.CenteredClipping(m=None, L=3, tau=2.5)
        clipping.m = centre
        rules = {
            "average": aggregators.Average(),
            "krum": aggregators.Krum(f=faults),
            "multi-krum": aggregators.MultiKrum(f=faults),
            "geometric median": aggregators.GeometricMedian(nu=0.1, T=8),
            "centered clipping": clipping,
            "minimum diameter": aggregators.MDA(f=faults),
            "trimmed mean": aggregators.TrMean(f=faults),
            "coordinate median": aggregators.Median(),
        }
        made = {name: rule(rows).tolist() for name, rule in rules.items()}
        # The buckets' order is drawn by NumPy's own generator: the same draw, told.
        np.random.seed(seed)
        order = np.random.permutation(updates).tolist()
        np.random.seed(seed)
        steps = {
            "mixed": preaggregators.NNM(f=faults)(rows).tolist(),
            "clipped": preaggregators.Clipping(c=4.0)(rows.copy()).tolist(),
            "bucketed": preaggregators.Bucketing(s=2)(rows.copy()).tolist(),
        }
        cases.append({"faults": faults, "rows": rows.tolist(), "centre": centre.tolist(), "order": order, "rules": made,
                      "steps": steps})
    said = {"about": f"byzfl {importlib.metadata.version('byzfl')}: xtask/interop/byzfl_cases.py", "cases": cases}
    with open(path, "w", encoding="utf-8") as file:
        json.dump(said, file, indent=1)
        file.write("\n")


if __name__ == "__main__":
    main(sys.argv[1], *map(int, sys.argv[2:]))
