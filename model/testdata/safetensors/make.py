#!/usr/bin/env python3
"""Write the files that the Hugging Face safetensors library (0.8.0, with numpy and ml_dtypes) made for the tests of package model.

  python3 make.py          writes types.safetensors beside itself: one array of each type that is read, and a scalar
  python3 make.py FILE     loads FILE with the library and prints it as JSON: metadata, and per tensor its shape and bytes

odd, odd-factored and floor.safetensors are networks that the same library wrote for the language model's golden values.
"""
import json
import os
import sys

from safetensors import safe_open
from safetensors.numpy import save_file

HERE = os.path.dirname(os.path.abspath(__file__))


def write():
    import ml_dtypes
    import numpy as np

    values = np.array([0, -0.0, 1, -2.5, 65504, 2.0**-24, 2.0**-14, 1 / 3, np.inf, -np.inf])
    arrays = {
        "double": values,
        "single": values.astype("<f4").reshape(5, 2),
        "half": values.astype("<f2"),
        "brain": values.astype(ml_dtypes.bfloat16),
        "scalar": np.array(7, "<f4"),
        "empty": np.zeros((0, 3), "<f4"),
    }
    # One metadata key, because the library writes several in a random order.
    save_file(arrays, os.path.join(HERE, "types.safetensors"), metadata={"made by": "make.py, é"})


def show(path):
    with safe_open(path, "numpy") as f:
        tensors = {k: f.get_tensor(k) for k in f.keys()}
        print(json.dumps({
            "metadata": f.metadata() or {},
            "tensors": {k: {"type": str(a.dtype), "shape": list(a.shape), "bytes": a.tobytes().hex()} for k, a in tensors.items()},
        }))


if __name__ == "__main__":
    show(sys.argv[1]) if len(sys.argv) > 1 else write()
