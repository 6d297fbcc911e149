"""ByzFL's rules without PyTorch: `from byzfl_alone import aggregators, preaggregators`.

ByzFL computes with NumPy on NumPy's arrays, but imports PyTorch, which is gigabytes: a module of the same name without
anything in it stands in where that is not installed.
"""

import importlib.machinery
import importlib.util
import sys
from unittest import mock

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

from byzfl.aggregators import aggregators, preaggregators  # noqa: E402, F401
