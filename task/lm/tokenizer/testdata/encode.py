#!/usr/bin/env python3
"""Encode with the real `tokenizers` library: encode.py TOKENIZER.json < JSON list of texts > JSON list of lists of ids."""
import json
import sys

from tokenizers import Tokenizer

tok = Tokenizer.from_file(sys.argv[1])
json.dump([tok.encode(text, add_special_tokens=False).ids for text in json.load(sys.stdin)], sys.stdout)
