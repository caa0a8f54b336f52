"""PyTorch baseline for networks of any size: a population of language models, batched over individuals.

Each linear layer is one torch.baddbmm over all individuals of a group, attention is PyTorch's fused one, the whole forward pass and the
loss are compiled. Stories are sorted by length and padded to the longest of their batch. Weights are random, since only their sizes
matter for time; the loss of one story is compared with float64. Prints one JSON line.

  python lm_gpu_torch_sizes.py --hidden 256 --ffn 1024 --heads 8 --head-dim 32 --precision bf16
"""
import argparse
import json
import sys

import numpy as np
import torch
import torch.nn.functional as F


def arguments():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in dict(hidden=256, ffn=1024, heads=8, head_dim=32, blocks=4, vocab=2051, individuals=32, group=32, batch=8, repeat=10).items():
        p.add_argument("--" + name.replace("_", "-"), type=int, default=default)
    p.add_argument("--lengths", required=True, help="tokens of each story, comma-separated")
    p.add_argument("--precision", choices=("fp32", "tf32", "bf16", "fp16"), default="bf16")
    p.add_argument("--mode", default="default", help="of torch.compile")
    p.add_argument("--pause", action="store_true", help="after warming up say `ready` on standard error and wait for a line: several compile side by side and are timed one by one")
    return p.parse_args()


def population(a, dtype, n):
    """Weights [n, inputs, outputs], biases [n, 1, outputs]."""
    torch.manual_seed(1)
    width = a.heads * a.head_dim

    def linear(inputs, outputs):
        return (torch.randn(n, inputs, outputs, device="cuda") / inputs**0.5).to(dtype), torch.randn(n, 1, outputs, device="cuda").mul(0.1).to(dtype)

    blocks = [dict(qkv=linear(a.hidden, 3 * width), o=linear(width, a.hidden), up=linear(a.hidden, a.ffn), down=linear(a.ffn, a.hidden)) for _ in range(a.blocks)]
    embed = (torch.randn(n, a.vocab, a.hidden, device="cuda") * 2 / a.hidden**0.5).to(dtype)
    return dict(embed=embed, bias=torch.randn(n, 1, a.vocab, device="cuda").to(dtype), blocks=blocks)


def turned(x, angles):
    """Rotary positions on all features; x [..., L, H], angles [L, H / 2]."""
    cos, sin = angles.cos(), angles.sin()
    even, odd = x[..., 0::2].float(), x[..., 1::2].float()
    return torch.stack((even * cos - odd * sin, odd * cos + even * sin), -1).flatten(-2).to(x.dtype)


def losses(net, ids, lengths, angles, heads, head_dim):
    """Mean loss per story [n, B] of ids [B, L + 1], padded with 0; lengths [B] scored tokens."""
    n, (stories, length) = net["embed"].shape[0], (ids.shape[0], ids.shape[1] - 1)
    tokens = stories * length
    x = turned(net["embed"][:, ids[:, :-1]], angles[:length]).reshape(n, tokens, -1)
    for b in net["blocks"]:
        qkv = torch.baddbmm(b["qkv"][1], x, b["qkv"][0]).view(n * stories, length, 3, heads, head_dim)
        q, k, v = qkv.permute(2, 0, 3, 1, 4)
        mixed = F.scaled_dot_product_attention(q, k, v, is_causal=True).transpose(1, 2).reshape(n, tokens, heads * head_dim)
        x = norm(x + torch.baddbmm(b["o"][1], mixed, b["o"][0]))
        up = torch.relu(torch.baddbmm(b["up"][1], x, b["up"][0]))
        x = norm(x + torch.baddbmm(b["down"][1], up, b["down"][0]))
    logits = torch.baddbmm(net["bias"], x, net["embed"].transpose(1, 2)).float()
    target = logits.gather(2, ids[:, 1:].reshape(1, tokens, 1).expand(n, -1, -1)).squeeze(2)
    token_losses = (torch.logsumexp(logits, 2) - target).view(n, stories, length)
    scored = torch.arange(length, device="cuda") < lengths[:, None]
    return (token_losses * scored).sum(2) / lengths


def norm(x):
    return F.layer_norm(x.float(), x.shape[-1:]).to(x.dtype)


def batches(a):
    r = np.random.default_rng(1)
    lengths = sorted(int(n) for n in a.lengths.split(","))
    for i in range(0, len(lengths), a.batch):
        some = lengths[i : i + a.batch]
        ids = np.zeros((len(some), -(-(some[-1] - 1) // 8) * 8 + 1), np.int64)
        for j, n in enumerate(some):
            ids[j, :n] = r.integers(0, a.vocab, n)
        yield torch.tensor(ids, device="cuda"), torch.tensor([n - 1 for n in some], device="cuda")


def main():
    a = arguments()
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = a.precision == "tf32"
    dtype = {"bf16": torch.bfloat16, "fp16": torch.float16}.get(a.precision, torch.float32)
    data = list(batches(a))
    longest = max(ids.shape[1] for ids, _ in data)
    angles = torch.arange(longest, device="cuda")[:, None] * 10000.0 ** (-torch.arange(0, a.hidden, 2, device="cuda") / a.hidden)
    nets = [population(a, dtype, min(a.group, a.individuals - i)) for i in range(0, a.individuals, a.group)]
    # NOTE: dynamic lengths: one compilation; the products, nearly all of the time, are the library's either way.
    compiled = torch.compile(losses, dynamic=True, mode=a.mode)

    def run():
        out = [torch.cat([compiled(net, ids, lengths, angles, a.heads, a.head_dim) for ids, lengths in data], 1).mean(1) for net in nets]
        return torch.cat(out)

    with torch.no_grad():
        for _ in range(3):
            run()
        torch.cuda.synchronize()
        ids, lengths = data[0]
        first = {k: [dict((name, tuple(t[:1].double() for t in pair)) for name, pair in b.items()) for b in v] if k == "blocks" else v[:1].double() for k, v in nets[0].items()}
        exact = losses(first, ids[:1], lengths[:1], angles.double(), a.heads, a.head_dim)
        difference = (compiled(nets[0], ids, lengths, angles, a.heads, a.head_dim)[0, 0] - exact[0, 0]).abs().item()
        del first
        if a.pause:
            print("ready", file=sys.stderr, flush=True)
            sys.stdin.readline()
            run()
        times = []
        for _ in range(a.repeat):
            start, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
            start.record()
            run()
            end.record()
            torch.cuda.synchronize()
            times.append(start.elapsed_time(end))
    scored = a.individuals * sum(int(n.sum()) for _, n in data)
    padded = sum(ids.shape[0] * (ids.shape[1] - 1) for ids, _ in data) * a.individuals
    print(json.dumps({
        "framework": "PyTorch " + torch.__version__, "hidden": a.hidden, "precision": a.precision, "individuals": a.individuals, "group": a.group, "batch": a.batch,
        "stories": sum(len(n) for _, n in data), "scored_tokens": scored, "padding": round(1 - scored / padded, 3), "median_s": round(float(np.median(times)) / 1000, 6),
        "min_s": round(min(times) / 1000, 6), "tokens_per_s": round(scored / float(np.median(times)) * 1000), "max_loss_diff": difference,
        "peak_bytes": torch.cuda.max_memory_allocated()}), flush=True)


if __name__ == "__main__":
    main()
