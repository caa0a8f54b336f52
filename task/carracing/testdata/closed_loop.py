#!/usr/bin/env python3
"""Play exported policies in the real CarRacing-v3 and record what they did.

    python closed_loop.py W.safetensors --seeds 1,2,3     play a weight file of evorank's
    python closed_loop.py --record .                      remake the files of the closed-loop test

Prints one line an episode: seed, steps, return, why it ended. With --out the
actions are written too, as the closed-loop test reads them: a JSON array, the
actions of an episode as base64 of little-endian float32, three a step.

The protocol is that of training: gymnasium.make (1000 steps), 64x64 by OpenCV's
area interpolation, four frames, raw outputs rounded to float32 as actions, an
end when the last 21 rewards are negative. The network is computed in float64;
the bytes go in as they are and the first layer's weights are divided by 255, so
that a policy whose first filters are multiples of 255 and whose other weights
are small whole numbers, or those over a power of two, is computed without any
rounding, here and in float32.

Made with gymnasium[box2d] 1.4.0, Box2D 2.3.10, pygame-ce 2.5.8, opencv-python-headless 5.0.0, numpy 2.4.6.
"""
import argparse, base64, json, pathlib, struct, sys
import numpy as np


def load(path):
    """A safetensors file's metadata and arrays."""
    data = pathlib.Path(path).read_bytes()
    (n,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + n])
    meta = header.pop("__metadata__")
    array = lambda t: np.frombuffer(data[8 + n :][slice(*t["data_offsets"])], "<f4").reshape(t["shape"]).astype(np.float64)
    return meta, {k: array(t) for k, t in header.items()}


def save(path, meta, arrays):
    header, blob = {"__metadata__": meta}, b""
    for name, a in arrays.items():
        raw = np.ascontiguousarray(a, "<f4").tobytes()
        header[name] = {"dtype": "F32", "shape": list(a.shape), "data_offsets": [len(blob), len(blob) + len(raw)]}
        blob += raw
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    pathlib.Path(path).write_bytes(struct.pack("<Q", len(text)) + text + blob)


class Policy:
    def __init__(self, path):
        meta, arrays = load(path)
        numbers = lambda key: [int(x) for x in meta[key].split(",")]
        self.layers, cin = [], int(meta["inputs"])
        for i, (k, s, cout) in enumerate(zip(numbers("kernels"), numbers("strides"), numbers("channels"))):
            w = self.weight(arrays, f"conv.{i}", lambda a, b: (a @ b / 2).reshape(cin, k, k, cout).transpose(3, 0, 2, 1))
            self.layers.append((w / 255 if i == 0 else w, arrays[f"conv.{i}.bias"], s))
            cin = cout
        self.hidden = self.weight(arrays, "hidden", lambda a, b: a @ b), arrays["hidden.bias"]
        self.output = arrays["output.weight"], arrays["output.bias"]

    @staticmethod
    def weight(arrays, name, product):
        name += ".weight"
        if name in arrays:
            return arrays[name]
        w = product(arrays[name + ".A"], arrays[name + ".B"])
        return w + arrays[name + ".D"] if name + ".D" in arrays else w

    def __call__(self, frames):
        x = np.concatenate(frames, axis=2).transpose(2, 0, 1).astype(np.float64)
        for w, b, s in self.layers:
            k = w.shape[2]
            windows = np.lib.stride_tricks.sliding_window_view(x, (k, k), axis=(1, 2))[:, ::s, ::s]
            x = np.maximum(np.tensordot(w, windows, ([1, 2, 3], [0, 3, 4])) + b[:, None, None], 0)
        x = np.maximum(self.hidden[0] @ x.ravel() + self.hidden[1], 0)
        return (self.output[0] @ x + self.output[1]).astype(np.float32)


def play(env, policy, seed):
    frame, _ = env.reset(seed=seed)
    frames, rewards, actions, end = [frame] * 4, [], [], ""
    while not end:
        actions.append(policy(frames))
        frame, reward, terminated, truncated, info = env.step(actions[-1])
        frames = frames[1:] + [frame]
        rewards.append(float(reward))
        if terminated:
            end = "lap" if info["lap_finished"] else "left the field"
        elif truncated:
            end = "step limit"
        elif len(rewards) > 20 and max(rewards[-21:]) < 0:
            end = "negative rewards"
    return {"seed": seed, "steps": len(rewards), "return": sum(rewards), "end": end,
            "actions": base64.b64encode(np.array(actions, "<f4").tobytes()).decode()}


def integer_policy():
    """A driver made by hand: it steers away from the greener side of the road
    ahead, and takes its foot off the gas as the speed bar rises."""
    conv0 = np.zeros((2, 12, 8, 8))
    conv0[0, 10, :, 2] = 255  # green of the newest frame, eight points of each 8x8 patch
    conv0[1, 9, 5, 0] = 255  # red of it, one point; in one patch that is in the speed bar
    conv1 = np.zeros((3, 2, 4, 4))
    conv1[0, 0, 2] = [1, 1, -1, -1]
    conv1[1, 0, 2] = [-1, -1, 1, 1]
    conv1[2, 1, 3, 1] = 1
    hidden = np.zeros((3, 3, 3, 3))
    hidden[0, 0, 1, 1] = hidden[1, 1, 1, 1] = hidden[2, 2, 2, 0] = 1
    return dict(kernels=[8, 4], strides=[8, 2]), {
        "conv.0.weight": conv0, "conv.0.bias": np.zeros(2), "conv.1.weight": conv1, "conv.1.bias": np.zeros(3),
        "hidden.weight": hidden.reshape(3, 27), "hidden.bias": np.zeros(3),
        "output.weight": np.array([[2**-11, -(2**-11), 0], [0, 0, -(2**-9)], [0, 0, 0]]), "output.bias": np.array([0, 0.25, 0])}


def random_policy(seed):
    """The paper's network at rank 1, random, made to step on the gas."""
    rng, arrays, cin = np.random.default_rng(seed), {}, 12
    channels = [32, 64, 128, 256]
    for i, cout in enumerate(channels):
        arrays[f"conv.{i}.weight.A"] = rng.normal(0, 2**0.25, (16 * cin, 1))
        arrays[f"conv.{i}.weight.B"] = rng.normal(0, (2**0.5 / cout) ** 0.5, (1, cout))
        arrays[f"conv.{i}.bias"] = rng.normal(0, 0.1, cout)
        cin = cout
    arrays["hidden.weight.A"] = rng.normal(0, 2**0.5, (256, 1))
    arrays["hidden.weight.B"] = rng.normal(0, (2 / 1024) ** 0.5, (1, 1024))
    arrays["hidden.bias"] = rng.normal(0, 0.1, 256)
    arrays["output.weight"] = rng.normal(0, 0.04 * (2 / 256) ** 0.5, (3, 256))
    arrays["output.bias"] = np.array([0, 0.1, 0])
    return dict(kernels=[4] * 4, strides=[2] * 4), arrays


def write(path, sizes, arrays):
    count = len(sizes["kernels"])
    channels = [len(arrays[f"conv.{i}.bias"]) for i in range(count)]
    text = lambda xs: ",".join(map(str, xs))
    save(path, {"size": "64", "inputs": "12", "outputs": "3", "hidden": str(len(arrays["hidden.bias"])),
                "kernels": text(sizes["kernels"]), "strides": text(sizes["strides"]), "channels": text(channels),
                "flatten": "channel,row,column", "factor_rows": "in,column,row"}, arrays)


if __name__ == "__main__":
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument("weights", nargs="?")
    p.add_argument("--seeds", default="1,2,3", help="e.g. 1,2,3")
    p.add_argument("--out", help="write the episodes with their actions to this file")
    p.add_argument("--record", metavar="FOLDER", help="make policy-integer, policy-random and closed-loop.json")
    p.add_argument("--random-seed", type=int, default=4)
    a = p.parse_args()
    import gymnasium

    env = gymnasium.wrappers.ResizeObservation(gymnasium.make("CarRacing-v3"), (64, 64))
    jobs = [(a.weights, a.seeds)]
    if a.record:
        names = [pathlib.Path(a.record) / f"policy-{kind}.safetensors" for kind in ("integer", "random")]
        write(names[0], *integer_policy())
        write(names[1], *random_policy(a.random_seed))
        jobs = [(n, a.seeds) for n in names]
        a.out = a.out or pathlib.Path(a.record) / "closed-loop.json"
    elif not a.weights:
        sys.exit("give a weight file, or --record FOLDER")
    episodes = []
    for path, seeds in jobs:
        policy = Policy(path)
        for seed in map(int, seeds.split(",")):
            e = {"policy": pathlib.Path(path).name, **play(env, policy, seed)}
            episodes.append(e)
            print(e["policy"], "seed", seed, "steps", e["steps"], "return", e["return"], e["end"], flush=True)
    if a.out:
        pathlib.Path(a.out).write_text("[\n" + ",\n".join(map(json.dumps, episodes)) + "\n]\n")
