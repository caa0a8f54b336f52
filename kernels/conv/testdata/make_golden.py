#!/usr/bin/env python3
"""Golden outputs of convolutional policies, from PyTorch in float64.

Writes NAME.safetensors (weights as evorank exchanges them: factors stay
factors) and golden.json (what each policy sees and answers). Random weights of
about the initial scale; the images of the odd networks are noise, those of the
policies of the paper's shape are real observations of CarRacing-v3, taken from
task/carracing/testdata.

Made with torch 2.15.0, numpy 2.4.6, safetensors 0.8.0:
    python make_golden.py
"""
import base64, gzip, json, pathlib
import numpy as np
import torch
import torch.nn.functional as F
from safetensors.numpy import save_file

HERE = pathlib.Path(__file__).parent
FRAMES = HERE / "../../../task/carracing/testdata/frames-s0189-p002.bin.gz"
PAPER = dict(size=64, inputs=12, kernels=[4] * 4, strides=[2] * 4, outputs=3)
POLICIES = {
    # every size off the vector width, a stride that leaves a remainder
    "odd-dense": dict(size=13, inputs=6, kernels=[3, 2], strides=[2, 1], channels=[5, 17], hidden=9, outputs=4, images=2, rank=0),
    "odd-factored": dict(size=13, inputs=6, kernels=[3, 2], strides=[2, 1], channels=[5, 17], hidden=9, outputs=4, images=2, rank=2),
    # stride 3, larger kernel, one grey image; a hybrid convolution
    "odd-hybrid": dict(size=23, inputs=1, kernels=[5], strides=[3], channels=[33], hidden=18, outputs=1, images=1, rank=3, hybrid=True),
    # more columns than a panel has lanes, a stride larger than the kernel
    "wide": dict(size=70, inputs=3, kernels=[3, 2], strides=[1, 11], channels=[6, 66], hidden=65, outputs=2, images=1, rank=4),
    # no convolution at all
    "flat": dict(size=5, inputs=4, kernels=[], strides=[], channels=[], hidden=20, outputs=3, images=4, rank=0),
    "small": dict(PAPER, channels=[4, 4, 8, 16], hidden=32, images=4, rank=0),
    "rank-1": dict(PAPER, channels=[32, 64, 128, 256], hidden=256, images=4, rank=1),
}


def observations():
    """Four 64x64 observations that follow each other closely enough."""
    data = gzip.open(FRAMES).read()
    line, rest = data.split(b"\n", 1)
    for a in json.loads(line)["arrays"]:
        if a["name"] == "obs64":
            n = int(np.prod(a["shape"]))
            return np.frombuffer(rest, np.uint8, n, a["offset"]).reshape(a["shape"])[3:7]


def conv_factors(rng, k, cin, cout, rank):
    a = rng.normal(0, (2**0.5 / rank) ** 0.5, (k * k * cin, rank))
    b = rng.normal(0, (2**0.5 / cout) ** 0.5, (rank, cout))
    return a, b


def developed(a, b, k, cin, cout):
    """Row of A·B = kernel row + k·(kernel column + k·channel); halved."""
    return (a @ b / 2).reshape(cin, k, k, cout).transpose(3, 0, 2, 1)


def make(name, p, number):
    rng = np.random.default_rng(number)
    arrays, tensors = {}, {}

    def add(key, value):
        arrays[key] = value.astype(np.float32)
        return arrays[key].astype(np.float64)

    cin, side, rank = p["inputs"], p["size"], p["rank"]
    for i, (k, s, cout) in enumerate(zip(p["kernels"], p["strides"], p["channels"])):
        w = f"conv.{i}.weight"
        if rank:
            a, b = conv_factors(rng, k, cin, cout, rank)
            tensors[w] = developed(add(w + ".A", a), add(w + ".B", b), k, cin, cout)
            if p.get("hybrid"):
                tensors[w] = tensors[w] + add(w + ".D", rng.normal(0, 0.05, (cout, cin, k, k)))
        else:
            tensors[w] = add(w, rng.normal(0, (2 / (k * k * cin)) ** 0.5, (cout, cin, k, k)))
        tensors[f"conv.{i}.bias"] = add(f"conv.{i}.bias", rng.normal(0, 0.1, cout))
        cin, side = cout, (side - k) // s + 1
    n = cin * side * side
    if rank:
        a = add("hidden.weight.A", rng.normal(0, (2 / rank) ** 0.5, (p["hidden"], rank)))
        b = add("hidden.weight.B", rng.normal(0, (2 / n) ** 0.5, (rank, n)))
        tensors["hidden.weight"] = a @ b
    else:
        tensors["hidden.weight"] = add("hidden.weight", rng.normal(0, (2 / n) ** 0.5, (p["hidden"], n)))
    tensors["hidden.bias"] = add("hidden.bias", rng.normal(0, 0.1, p["hidden"]))
    tensors["output.weight"] = add("output.weight", rng.normal(0, (2 / p["hidden"]) ** 0.5, (p["outputs"], p["hidden"])))
    tensors["output.bias"] = add("output.bias", rng.normal(0, 0.1, p["outputs"]))
    text = lambda xs: ",".join(map(str, xs))
    save_file(arrays, HERE / f"{name}.safetensors", metadata={
        "size": str(p["size"]), "inputs": str(p["inputs"]), "hidden": str(p["hidden"]), "outputs": str(p["outputs"]),
        "kernels": text(p["kernels"]), "strides": text(p["strides"]), "channels": text(p["channels"]),
        "flatten": "channel,row,column", "factor_rows": "in,column,row"})

    each = p["inputs"] // p["images"]
    images = observations() if p["size"] == 64 else rng.integers(0, 256, (p["images"], p["size"], p["size"], each), np.uint8)
    x = torch.tensor(np.concatenate(list(images), axis=2).transpose(2, 0, 1)[None].copy(), dtype=torch.float64) / 255
    t = {k: torch.tensor(np.ascontiguousarray(v), dtype=torch.float64) for k, v in tensors.items()}
    for i, s in enumerate(p["strides"]):
        x = F.relu(F.conv2d(x, t[f"conv.{i}.weight"], t[f"conv.{i}.bias"], stride=s))
    x = F.relu(F.linear(x.flatten(1), t["hidden.weight"], t["hidden.bias"]))
    y = F.linear(x, t["output.weight"], t["output.bias"])[0]
    return {"name": name, "images": [base64.b64encode(i.tobytes()).decode() for i in images], "outputs": y.tolist()}


if __name__ == "__main__":
    golden = [make(name, p, i) for i, (name, p) in enumerate(POLICIES.items())]
    (HERE / "golden.json").write_text("[\n" + ",\n".join(json.dumps(g) for g in golden) + "\n]\n")
    for g in golden:
        print(g["name"], g["outputs"])
