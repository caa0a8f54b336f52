#!/usr/bin/env python3
"""Golden values of training, made with the real `tokenizers` library (0.23.3).

usage: make_train_golden.py TEXTS.json OUT.json

TEXTS.json is a list of cases {"texts", "vocab_size", "min_count"}; OUT.json is the same list with "vocab" (labels in
order) and "merges" of the library's BpeTrainer, and "words" (labels in order) of its WordLevelTrainer, behind the
normalizers and pre-tokenizers of this package.
"""
import json
import sys

from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers

SPECIALS = ["<unk>", "<pad>", "<s>", "</s>", "<|endoftext|>"]


def train(model, trainer, texts):
    tok = Tokenizer(model)
    tok.normalizer = normalizers.Sequence([normalizers.NFD(), normalizers.Lowercase(), normalizers.StripAccents()])
    tok.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Whitespace(), pre_tokenizers.Digits(individual_digits=True)])
    tok.train_from_iterator(texts, trainer)
    return json.loads(tok.to_str())["model"]


def labels(model):
    return sorted(model["vocab"], key=model["vocab"].get)


def main():
    cases = json.load(open(sys.argv[1]))
    for c in cases:
        options = dict(vocab_size=c["vocab_size"], min_frequency=c["min_count"], special_tokens=SPECIALS, show_progress=False)
        bpe = train(models.BPE(), trainers.BpeTrainer(**options), c["texts"])
        c["vocab"], c["merges"] = labels(bpe), [list(m) for m in bpe["merges"]]
        c["words"] = labels(train(models.WordLevel(unk_token="<unk>"), trainers.WordLevelTrainer(**options), c["texts"]))
    json.dump(cases, open(sys.argv[2], "w"), indent=1)


main()
