#!/usr/bin/env python3
"""PyTorch GPU baseline: the losses of a population, batched over individuals.

All weights are stacked [individuals, inputs, outputs] and every product is one batched matmul for a group of individuals.
Attention is PyTorch's fused kernel over padded batches of similar length (heads of 4 are padded to the 8 that it wants). Padding
is dropped before the logits, whose columns are padded to a multiple of 8 and whose chunks are small enough for the card's
second-level cache. Blocks and loss go through torch.compile; a group's whole evaluation is one CUDA graph.
A factored weight is multiplied out, W = A B, within the time; noise is not: the genotypes are on the card already.
"""
import argparse
import types

import numpy as np
import torch
import torch.nn.functional as F

import bench_gpu_common as common

DTYPES = {"fp16": torch.float16, "bf16": torch.bfloat16, "tf32": torch.float32, "fp32": torch.float32, "fp64": torch.float64}


def up(n, multiple):
    return -(-n // multiple) * multiple


class Weights:
    """Developed weights of a group, ready to be right-multiplied: x @ w + b. prepare() works in place, so that a captured graph
    sees new individuals."""

    def __init__(self, tensors, sizes, group, dtype, device):
        self.s, self.dtype = sizes, dtype
        self.raw = {k: torch.empty((group, *v.shape[1:]), dtype=torch.float32, device=device) for k, v in tensors.items()}
        self.d = sizes.head_dim if sizes.head_dim % 8 == 0 or dtype in (torch.float32, torch.float64) else up(sizes.head_dim, 8)

    def load(self, tensors, first):
        for k, v in self.raw.items():
            v.copy_(tensors[k][first : first + v.shape[0]])

    def matrix(self, name):
        """[G, outputs, inputs] in the precision of the genotype, or fp64."""
        wide = torch.float64 if self.dtype == torch.float64 else torch.float32
        if name in self.raw:
            return self.raw[name].to(wide)
        w = torch.bmm(self.raw[name + ".A"].to(wide), self.raw[name + ".B"].to(wide))
        return w.transpose(1, 2) if name == "embed.weight" else w

    def bias(self, name):
        return self.raw[name][:, None].to(torch.promote_types(torch.float32, self.dtype))

    def heads(self, w):
        """Pads each head's rows [G, heads*head_dim, ...] to the head size that attention takes."""
        g, s = w.shape[0], self.s
        w = w.view(g, s.heads, s.head_dim, -1)
        return F.pad(w, (0, 0, 0, self.d - s.head_dim)).view(g, s.heads * self.d, -1)

    def prepare(self):
        s, half = self.s, self.dtype
        embed = self.matrix("embed.weight").to(half)
        padded = up(s.vocab, 8)
        self.embed = embed.contiguous()
        self.logits = F.pad(embed.transpose(1, 2), (0, padded - s.vocab)).contiguous()  # [G, H, V']
        self.decoder = F.pad(self.bias("decoder.bias"), (0, padded - s.vocab), value=-float("inf"))
        self.blocks = []
        for i in range(s.blocks):
            p = f"blocks.{i}."
            qkv = torch.cat([self.heads(self.matrix(f"{p}attn.{c}.weight")) for c in "qkv"], 1)
            qkv_bias = torch.cat([self.heads(self.raw[f"{p}attn.{c}.bias"][..., None]) for c in "qkv"], 1)
            o = self.heads(self.matrix(p + "attn.o.weight").transpose(1, 2))
            self.blocks.append(dict(
                qkv=qkv.transpose(1, 2).to(half).contiguous(), qkv_bias=qkv_bias.transpose(1, 2).to(half), o=o.to(half).contiguous(),
                o_bias=self.bias(p + "attn.o.bias"), up=self.matrix(p + "ffn.up.weight").transpose(1, 2).to(half).contiguous(),
                up_bias=self.bias(p + "ffn.up.bias"), down=self.matrix(p + "ffn.down.weight").transpose(1, 2).to(half).contiguous(),
                down_bias=self.bias(p + "ffn.down.bias"),
                **{f"norm{n}{part}": self.bias(f"{p}norm{n}.{word}") for n in (1, 2) for part, word in (("", "weight"), ("_bias", "bias"))}))


def norm(x, weight, bias):
    x = x - x.mean(-1, keepdim=True)
    return x / x.square().mean(-1, keepdim=True).sqrt().clamp(min=1e-7) * weight + bias


def wide(x):
    return x.to(torch.promote_types(torch.float32, x.dtype))


def embed(table, ids, cos, sin, rotary):
    """x [G, B*L, H] for ids [B, L]: rows of the embedding, the first features turned by their position."""
    g, (b, n) = table.shape[0], ids.shape
    x = wide(table[:, ids.flatten()]).view(g, b, n, -1)
    even, odd = x[..., 0:rotary:2], x[..., 1:rotary:2]
    turned = torch.stack([even * cos - odd * sin, odd * cos + even * sin], -1).flatten(-2)
    return torch.cat([turned, x[..., rotary:]], -1).view(g, b * n, -1).to(table.dtype)


def attended(x, w, stories, heads, head_dim):
    """Causal attention's output [G, T, heads * padded head size], before its product."""
    g, t = x.shape[:2]
    qkv = torch.bmm(x, w["qkv"]) + w["qkv_bias"]
    q, k, v = qkv.view(g * stories, t // stories, 3, heads, -1).permute(2, 0, 3, 1, 4)
    o = F.scaled_dot_product_attention(q, k, v, is_causal=True, scale=head_dim**-0.5)
    return o.transpose(1, 2).reshape(g, t, -1)


def block(x, w, stories, heads, head_dim):
    half = x.dtype
    o = torch.bmm(attended(x, w, stories, heads, head_dim), w["o"])
    x = norm(wide(x) + o + w["o_bias"], w["norm1"], w["norm1_bias"])
    hidden = (torch.bmm(x.to(half), w["up"]) + w["up_bias"]).relu().to(half)
    return norm(x + torch.bmm(hidden, w["down"]) + w["down_bias"], w["norm2"], w["norm2_bias"]).to(half)


def token_losses(x, logits, bias, target):
    """-log softmax at the target [G, C], of hidden states x [G, C, H]."""
    z = wide(torch.bmm(x, logits)) + bias
    return z.logsumexp(-1) - z.gather(-1, target[None, :, None].expand(x.shape[0], -1, 1))[..., 0]


def on_device(a, sizes, device):
    """Buckets as tensors; index of the scored tokens in each; targets and weights of all scored tokens, padded to whole chunks."""
    raw, scored = common.load_buckets(a.stories, a.buckets, 8)
    buckets, targets, weights = [], [], []
    for ids, target, weight in raw:
        at = torch.arange(ids.shape[1])[:, None] * 10000.0 ** (-torch.arange(0, sizes.rotary_dims, 2, dtype=torch.float64) / sizes.rotary_dims)
        kind = torch.float64 if a.precision == "fp64" else torch.float32
        keep = torch.from_numpy(np.flatnonzero(weight.ravel() > 0)).to(device)
        buckets.append((torch.from_numpy(ids).long().to(device), at.cos().to(device, kind), at.sin().to(device, kind), keep))
        targets.append(torch.from_numpy(target.ravel()).long().to(device)[keep])
        weights.append(torch.from_numpy(weight.ravel()).to(device)[keep])
    pad = -scored % a.chunk
    return buckets, F.pad(torch.cat(targets), (0, pad)), F.pad(torch.cat(weights), (0, pad)), scored


def evaluator(a, w, buckets, targets, weights):
    """A function that evaluates the loaded group, all on the device: losses [G] of float64."""
    s, fast = w.s, {}
    for name, f, dynamic in (("embed", embed, True), ("block", block, True), ("loss", token_losses, False)):
        fast[name] = torch.compile(f, dynamic=dynamic) if a.compile else f

    def evaluate():
        w.prepare()
        states = []
        for ids, cos, sin, keep in buckets:
            x = fast["embed"](w.embed, ids, cos, sin, s.rotary_dims)
            for b in w.blocks:
                x = fast["block"](x, b, ids.shape[0], s.heads, s.head_dim)
            states.append(x[:, keep])
        x = F.pad(torch.cat(states, 1), (0, 0, 0, len(targets) - sum(len(b[3]) for b in buckets)))
        nll = [fast["loss"](x[:, i : i + a.chunk], w.logits, w.decoder, targets[i : i + a.chunk]) for i in range(0, len(targets), a.chunk)]
        return (torch.cat(nll, 1).double() * weights).sum(-1)

    return evaluate


def captured(evaluate):
    """The same as one CUDA graph: (replay, the losses that it writes)."""
    side = torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        for _ in range(2):
            evaluate()
    torch.cuda.current_stream().wait_stream(side)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        losses = evaluate()
    return graph, losses


def main():
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    common.arguments(p)
    p.add_argument("--precision", choices=DTYPES, default="fp16", help="of the products' operands; fp64: of everything")
    p.add_argument("--compile", action=argparse.BooleanOptionalAction, default=True)
    p.add_argument("--graph", action=argparse.BooleanOptionalAction, default=True)
    p.add_argument("--device", default="cuda")
    a = p.parse_args()
    torch.backends.cuda.matmul.allow_tf32 = a.precision == "tf32"
    torch._dynamo.config.cache_size_limit = 64
    sizes, tensors = common.load_population(a.population)
    tensors = {k: torch.from_numpy(v).to(a.device) for k, v in tensors.items()}
    individuals = len(tensors["decoder.bias"])
    a.group = min(a.group, individuals)
    assert individuals % a.group == 0, f"{individuals} individuals are no whole groups of {a.group}"
    w = Weights(tensors, sizes, a.group, DTYPES[a.precision], a.device)
    buckets, targets, weights, scored = on_device(a, sizes, a.device)
    evaluate = evaluator(a, w, buckets, targets, weights)
    state = types.SimpleNamespace(graph=None, losses=None)

    @torch.inference_mode()
    def run():
        out = []
        for first in range(0, individuals, a.group):
            w.load(tensors, first)
            if not (a.graph and a.device == "cuda"):
                out.append(evaluate())
                continue
            if state.graph is None:
                state.graph, state.losses = captured(evaluate)
            state.graph.replay()
            out.append(state.losses.clone())
        return torch.cat(out).cpu().numpy()  # waits for the device

    common.report(a, f"torch {torch.__version__}", run, individuals, scored)


main()
