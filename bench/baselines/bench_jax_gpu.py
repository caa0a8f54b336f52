#!/usr/bin/env python3
"""JAX GPU baseline: the losses of a population; one individual's loss, vmapped over a group and jitted as a whole.

Stories are padded batches of similar length; blocks are a scan, so that each batch shape compiles one of them; padding is dropped
before the logits, which are computed in chunks. A factored weight is multiplied out, W = A B, within the time; noise is not.
"""
import argparse
import os

import numpy as np

import bench_gpu_common as common


def build(a, s, buckets, targets, weights):
    """losses(stacked genotypes [G, ...]) -> [G]."""
    import jax
    import jax.numpy as jnp

    half = {"fp16": jnp.float16, "bf16": jnp.bfloat16, "fp32": jnp.float32, "tf32": jnp.float32}[a.precision]
    exact = dict(precision="highest") if a.precision == "fp32" else {}
    d = s.head_dim if a.attention == "plain" else -(-s.head_dim // 8) * 8

    def matmul(x, w):
        return jnp.matmul(x, w, **exact)

    def matrix(t, name):
        if name in t:
            return t[name]
        w = jnp.matmul(t[name + ".A"], t[name + ".B"], precision="highest")
        return w.T if name == "embed.weight" else w

    def heads(w):
        """Pads each head's rows to the head size that the attention kernel takes."""
        w = w.reshape(s.heads, s.head_dim, -1)
        return jnp.pad(w, ((0, 0), (0, d - s.head_dim), (0, 0))).reshape(s.heads * d, -1)

    def stacked(t):
        """The blocks' weights, each [blocks, inputs, outputs] or [blocks, outputs]."""
        def one(p):
            return dict(
                qkv=jnp.concatenate([heads(matrix(t, f"{p}attn.{c}.weight")) for c in "qkv"]).T.astype(half),
                qkv_bias=jnp.concatenate([heads(t[f"{p}attn.{c}.bias"][:, None])[:, 0] for c in "qkv"]).astype(half),
                o=heads(matrix(t, p + "attn.o.weight").T).astype(half), o_bias=t[p + "attn.o.bias"],
                up=matrix(t, p + "ffn.up.weight").T.astype(half), up_bias=t[p + "ffn.up.bias"],
                down=matrix(t, p + "ffn.down.weight").T.astype(half), down_bias=t[p + "ffn.down.bias"],
                norm1=t[p + "norm1.weight"], norm1_bias=t[p + "norm1.bias"], norm2=t[p + "norm2.weight"], norm2_bias=t[p + "norm2.bias"])
        blocks = [one(f"blocks.{i}.") for i in range(s.blocks)]
        return {k: jnp.stack([b[k] for b in blocks]) for k in blocks[0]}

    def norm(x, weight, bias):
        x = x - x.mean(-1, keepdims=True)
        return x / jnp.maximum(jnp.sqrt(jnp.square(x).mean(-1, keepdims=True)), 1e-7) * weight + bias

    def attend(q, k, v):
        """Causal attention of [B, L, heads, d]."""
        if a.attention == "cudnn":
            return jax.nn.dot_product_attention(q, k, v, is_causal=True, scale=s.head_dim**-0.5, implementation="cudnn")
        n = q.shape[1]
        score = jnp.einsum("bqhd,bkhd->bhqk", q, k, **exact) * jnp.asarray(s.head_dim**-0.5, half)
        score = jnp.where(jnp.tril(jnp.ones((n, n), bool)), score.astype(jnp.float32), -1e9)
        return jnp.einsum("bhqk,bkhd->bqhd", jax.nn.softmax(score).astype(half), v, **exact)

    def block(x, w):
        b, n, _ = x.shape
        qkv = (matmul(x, w["qkv"]) + w["qkv_bias"]).reshape(b, n, 3, s.heads, d)
        o = matmul(attend(qkv[:, :, 0], qkv[:, :, 1], qkv[:, :, 2]).reshape(b, n, s.heads * d), w["o"])
        y = norm(x.astype(jnp.float32) + o + w["o_bias"], w["norm1"], w["norm1_bias"])
        up = jax.nn.relu(matmul(y.astype(half), w["up"]) + w["up_bias"]).astype(half)
        return norm(y + matmul(up, w["down"]) + w["down_bias"], w["norm2"], w["norm2_bias"]).astype(half), None

    def hidden_states(table, blocks, ids):
        n, r = ids.shape[1], s.rotary_dims
        x = table[ids].astype(jnp.float32)
        angle = jnp.arange(n)[:, None] * 10000.0 ** (-jnp.arange(0, r, 2) / r)
        c, sn, even, odd = jnp.cos(angle), jnp.sin(angle), x[..., 0:r:2], x[..., 1:r:2]
        turned = jnp.stack([even * c - odd * sn, odd * c + even * sn], -1).reshape(*ids.shape, r)
        x = jnp.concatenate([turned, x[..., r:]], -1).astype(half)
        return jax.lax.scan(block, x, blocks)[0].reshape(-1, s.hidden)

    def individual(t):
        table, blocks = matrix(t, "embed.weight").astype(half), stacked(t)
        x = jnp.concatenate([hidden_states(table, blocks, ids)[keep] for ids, keep in buckets])
        x = jnp.pad(x, ((0, targets.size - x.shape[0]), (0, 0))).reshape(-1, a.chunk, s.hidden)

        def loss(chunk):
            x, target = chunk
            z = matmul(x, table.T).astype(jnp.float32) + t["decoder.bias"]
            return jax.nn.logsumexp(z, -1) - jnp.take_along_axis(z, target[:, None], 1)[:, 0]

        nll = jax.lax.map(loss, (x, targets.reshape(-1, a.chunk)))
        return (nll.reshape(-1) * weights).sum()

    return jax.jit(jax.vmap(individual))


def main():
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    common.arguments(p)
    p.add_argument("--precision", choices=("fp16", "bf16", "tf32", "fp32"), default="fp16", help="of the products' operands")
    p.add_argument("--attention", choices=("cudnn", "plain"), default="cudnn")
    p.add_argument("--device", choices=("cuda", "cpu"), default="cuda")
    a = p.parse_args()
    os.environ["JAX_PLATFORMS"] = a.device
    os.environ.setdefault("XLA_PYTHON_CLIENT_MEM_FRACTION", "0.6")
    import jax
    import jax.numpy as jnp

    sizes, tensors = common.load_population(a.population)
    individuals = len(tensors["decoder.bias"])
    a.group = min(a.group, individuals)
    raw, scored = common.load_buckets(a.stories, a.buckets, 64)
    kept = [np.flatnonzero(weight.ravel() > 0) for _, _, weight in raw]
    buckets = [(jnp.asarray(ids), jnp.asarray(k)) for (ids, _, _), k in zip(raw, kept)]
    pad = (0, -scored % a.chunk)
    targets = jnp.asarray(np.pad(np.concatenate([t.ravel()[k] for (_, t, _), k in zip(raw, kept)]), pad))
    weights = jnp.asarray(np.pad(np.concatenate([w.ravel()[k] for (_, _, w), k in zip(raw, kept)]), pad).astype(np.float32))
    evaluate = build(a, sizes, buckets, targets, weights)
    groups = [{k: jnp.asarray(v[g : g + a.group]) for k, v in tensors.items()} for g in range(0, individuals, a.group)]

    def run():
        return np.concatenate([np.asarray(x) for x in [evaluate(t) for t in groups]])

    common.report(a, f"jax {jax.__version__}", run, individuals, scored)


main()
