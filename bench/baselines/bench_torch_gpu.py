#!/usr/bin/env python3
"""PyTorch GPU baseline: the losses of a population, batched over individuals.

All weights are stacked [individuals, inputs, outputs] and every product is one batched matmul for a group of individuals. Biases
are a row of the weights, and the states carry a one for it, so that attention reads a product's output as it is. Attention is
PyTorch's fused one over padded batches of similar length (heads of 4 are padded to the 8 that it wants). Padding is dropped before
the logits, whose columns are padded to a multiple of 8; a bound on them spares softmax its maximum. What is not a product or
attention goes through torch.compile; a group's whole evaluation is one CUDA graph.
A factored weight is multiplied out, W = A B, within the time; noise is not: the genotypes are on the card already.
"""
import argparse
import types

import numpy as np
import torch
import torch.nn.functional as F
from torch.nn.attention import SDPBackend, sdpa_kernel

import bench_gpu_common as common

DTYPES = {"fp16": torch.float16, "bf16": torch.bfloat16, "tf32": torch.float32, "fp32": torch.float32, "fp64": torch.float64}


def up(n, multiple):
    return -(-n // multiple) * multiple


def beside(hidden):
    """Columns beside a state's own: the one, and zeros up to a multiple of 8."""
    return up(hidden + 1, 8) - hidden


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

    def with_bias(self, w, bias):
        """[G, inputs + beside, outputs] of w [G, inputs, outputs] and bias [G, outputs]: its first additional row is the bias."""
        return torch.cat([w, F.pad(bias[:, None], (0, 0, 0, beside(w.shape[1]) - 1))], 1).to(self.dtype).contiguous()

    def prepare(self):
        s = self.s
        embed, decoder = self.matrix("embed.weight"), self.bias("decoder.bias")[:, 0]
        self.embed = embed.to(self.dtype).contiguous()
        pad = up(s.vocab, 8) - s.vocab
        self.logits = self.with_bias(F.pad(embed.transpose(1, 2), (0, pad)), F.pad(decoder, (0, pad), value=-6e4))  # [G, H + beside, V']
        last = f"blocks.{s.blocks - 1}.norm2."
        size = s.hidden**0.5 * self.bias(last + "weight").abs().amax(-1) + self.bias(last + "bias").norm(dim=-1)  # of a state, at most
        self.bound = (size * embed.norm(dim=-1).amax(-1, keepdim=True) + decoder.amax(-1, keepdim=True))[..., None]  # [G, 1, 1]
        self.blocks = []
        for i in range(s.blocks):
            p = f"blocks.{i}."
            qkv = torch.cat([self.heads(self.matrix(f"{p}attn.{c}.weight")) for c in "qkv"], 1)
            qkv_bias = torch.cat([self.heads(self.raw[f"{p}attn.{c}.bias"][..., None]) for c in "qkv"], 1)[..., 0]
            self.blocks.append(dict(
                qkv=self.with_bias(qkv.transpose(1, 2), qkv_bias), o=self.heads(self.matrix(p + "attn.o.weight").transpose(1, 2)).to(self.dtype).contiguous(),
                o_bias=self.bias(p + "attn.o.bias"), up=self.with_bias(self.matrix(p + "ffn.up.weight").transpose(1, 2), self.raw[p + "ffn.up.bias"]),
                down=self.matrix(p + "ffn.down.weight").transpose(1, 2).to(self.dtype).contiguous(), down_bias=self.bias(p + "ffn.down.bias"),
                **{f"norm{n}{part}": self.bias(f"{p}norm{n}.{word}") for n in (1, 2) for part, word in (("", "weight"), ("_bias", "bias"))}))


def wide(x):
    return x.to(torch.promote_types(torch.float32, x.dtype))


def with_one(x, dtype):
    """States [..., H] as [..., H + beside]: a one for the biases, and zeros."""
    return F.pad(torch.cat([x.to(dtype), torch.ones_like(x[..., :1], dtype=dtype)], -1), (0, beside(x.shape[-1]) - 1))


def norm(x, weight, bias):
    x = x - x.mean(-1, keepdim=True)
    return x / x.square().mean(-1, keepdim=True).sqrt().clamp(min=1e-7) * weight + bias


def embed(table, ids, cos, sin, rotary):
    """x [G, B*L, H + beside] for ids [B, L]: rows of the embedding, the first features turned by their position."""
    g, (b, n) = table.shape[0], ids.shape
    x = wide(table[:, ids.flatten()]).view(g, b, n, -1)
    even, odd = x[..., 0:rotary:2], x[..., 1:rotary:2]
    turned = torch.stack([even * cos - odd * sin, odd * cos + even * sin], -1).flatten(-2)
    return with_one(torch.cat([turned, x[..., rotary:]], -1).view(g, b * n, -1), table.dtype)


def attend(qkv, stories, heads, head_dim):
    """Causal attention's output [G, T, heads * padded head size] of qkv [G, T, 3 * that], read in place."""
    g, t, width = qkv.shape
    q, k, v = qkv.view(g * stories, t // stories, 3, heads, -1).permute(2, 0, 3, 1, 4)
    return F.scaled_dot_product_attention(q, k, v, is_causal=True, scale=head_dim**-0.5).transpose(1, 2).reshape(g, t, width // 3)


def add_and_norm(x, product, bias, weight, norm_bias):
    return with_one(norm(wide(x[..., : product.shape[-1]]) + product + bias, weight, norm_bias), x.dtype)


def token_losses(z, bound, target):
    """-log softmax at the target [G, C], of logits z [G, C, V']."""
    at_target = wide(z.gather(-1, target[None, :, None].expand(z.shape[0], -1, 1))[..., 0]) - bound[..., 0]
    return (wide(z) - bound).exp().sum(-1).log() - at_target


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
    s = w.s
    fast = {f: torch.compile(f, dynamic=f is not token_losses) if a.compile else f for f in (embed, add_and_norm, token_losses)}

    def block(x, b, stories):
        o = torch.bmm(attend(torch.bmm(x, b["qkv"]), stories, s.heads, s.head_dim), b["o"])
        x = fast[add_and_norm](x, o, b["o_bias"], b["norm1"], b["norm1_bias"])
        down = torch.bmm(torch.bmm(x, b["up"]).relu_(), b["down"])
        return fast[add_and_norm](x, down, b["down_bias"], b["norm2"], b["norm2_bias"])

    def evaluate():
        w.prepare()
        states = []
        for ids, cos, sin, keep in buckets:
            x = fast[embed](w.embed, ids, cos, sin, s.rotary_dims)
            for b in w.blocks:
                x = block(x, b, ids.shape[0])
            states.append(x[:, keep])
        x = F.pad(torch.cat(states, 1), (0, 0, 0, len(targets) - sum(len(b[3]) for b in buckets)))
        nll = []
        for i in range(0, len(targets), a.chunk):
            nll.append(fast[token_losses](torch.bmm(x[:, i : i + a.chunk], w.logits), w.bound, targets[i : i + a.chunk]))
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
    p.add_argument("--attention", choices=("flash", "cudnn", "any"), default="any", help="of PyTorch's fused kernels")
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

    kernel = {"flash": [SDPBackend.FLASH_ATTENTION], "cudnn": [SDPBackend.CUDNN_ATTENTION], "any": list(SDPBackend.__members__.values())[1:]}

    @torch.inference_mode()
    @sdpa_kernel(kernel[a.attention])
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


if __name__ == "__main__":
    main()
