package tokenizer

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
)

// maxFile is the largest tokenizer.json that Read takes, in bytes; files with
// vocabularies of 250,000 labels are a tenth of it.
const maxFile = 256 << 20

// Load reads the tokenizer.json at path.
func Load(path string) (*Tokenizer, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read tokenizer: %w", err)
	}
	defer f.Close()
	return Read(f, path)
}

// Read reads a Hugging Face tokenizer.json. Errors call it name and say where in
// the file the fault is; anything that would change the labels and is not
// implemented here is such a fault.
func Read(r io.Reader, name string) (*Tokenizer, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxFile+1))
	if err == nil && len(data) > maxFile {
		err = fmt.Errorf("larger than %d MiB", maxFile>>20)
	}
	if err != nil {
		return nil, fmt.Errorf("read tokenizer: %s: %w", name, err)
	}
	def, err := parse(data)
	if err != nil {
		return nil, fmt.Errorf("read tokenizer: %s: %w", name, err)
	}
	t, err := newTokenizer(def)
	if err != nil {
		return nil, fmt.Errorf("read tokenizer: %s: %w", name, err)
	}
	return t, nil
}

// parse follows the file from top to bottom. The first fault sticks to the
// document and is returned at the end; what is read after it is not used.
func parse(data []byte) (definition, error) {
	var doc document
	root := doc.open(data).object()
	root.expect("version", `"1.0"`)
	root.optional("truncation", "null")
	root.optional("padding", "null")
	def := definition{
		added:      parseAdded(root.take("added_tokens")),
		normalizer: parseNormalizer(root.take("normalizer")),
	}
	def.digits = parsePreTokenizer(root.take("pre_tokenizer"))
	root.optional("post_processor", "null")
	root.optional("decoder", "null")
	parseModel(root.take("model"), &def)
	root.done()
	return def, doc.err
}

func parseAdded(list value) (added []addedToken) {
	for _, item := range list.array() {
		o := item.object()
		added = append(added, addedToken{content: o.take("content").text(), label: o.take("id").label()})
		for _, flag := range []string{"single_word", "lstrip", "rstrip", "normalized"} {
			o.expect(flag, "false")
		}
		o.expect("special", "true")
		o.done()
	}
	return added
}

// parseNormalizer reads the steps in order. NFD must be followed by StripAccents: the
// package behind it bounds runs of accents by a mark of its own, which only
// StripAccents takes away again.
func parseNormalizer(v value) []step {
	var steps []step
	for _, part := range partsOf(v, "normalizers") {
		o := part.object()
		s := step(o.oneOf("type", string(nfd), string(lowercase), string(stripAccents)))
		o.done()
		steps = append(steps, s)
	}
	if at := slices.Index(steps, nfd); at >= 0 && !slices.Contains(steps[at:], stripAccents) {
		v.fail("NFD without StripAccents after it is not supported")
	}
	return steps
}

// parsePreTokenizer returns whether digits are split. The order of Whitespace
// and Digits makes no difference: each only adds word boundaries.
func parsePreTokenizer(v value) (digits bool) {
	whitespace := false
	for _, part := range partsOf(v, "pretokenizers") {
		o := part.object()
		switch o.oneOf("type", "Whitespace", "Digits") {
		case "Whitespace":
			whitespace = true
		case "Digits":
			o.expect("individual_digits", "true")
			digits = true
		}
		o.done()
	}
	if !whitespace {
		v.fail("text that is not split by Whitespace is not supported")
	}
	return digits
}

// partsOf returns v, or what a Sequence of that list holds; nothing for null.
func partsOf(v value, list string) []value {
	if v.isNull() {
		return nil
	}
	if v.typeName() != "Sequence" {
		return []value{v}
	}
	o := v.object()
	o.take("type")
	parts := o.take(list).array()
	o.done()
	return parts
}

func parseModel(v value, def *definition) {
	o := v.object()
	def.kind = modelKind(o.oneOf("type", string(bytePair), string(wordLevel)))
	def.vocab = parseVocab(o.take("vocab"))
	switch def.kind {
	case bytePair:
		o.optional("dropout", "null")
		o.optional("unk_token", "null")
		o.optional("continuing_subword_prefix", "null", `""`)
		o.optional("end_of_word_suffix", "null", `""`)
		for _, flag := range []string{"fuse_unk", "byte_fallback", "ignore_merges"} {
			o.optional(flag, "false")
		}
		def.merges = parseMerges(o.take("merges"))
	case wordLevel:
		def.unknown = o.take("unk_token").text()
	}
	o.done()
}

// parseVocab sorts the vocabulary by label; labels are 0 to n-1, each once.
func parseVocab(v value) []string {
	members := v.object().members()
	vocab := make([]string, len(members))
	taken := make([]bool, len(members))
	for _, m := range members {
		label := m.value.label()
		switch {
		case int(label) >= len(vocab):
			m.value.fail("id %d in a vocabulary of %d: ids must be 0 to %d, each once", label, len(vocab), len(vocab)-1)
			return nil
		case taken[label]:
			m.value.fail("id %d is already that of %q", label, vocab[label])
			return nil
		}
		vocab[label], taken[label] = m.name, true
	}
	return vocab
}

// parseMerges reads both spellings of a merge, "a b" and ["a", "b"].
func parseMerges(v value) [][2]string {
	items := v.array()
	merges := make([][2]string, 0, len(items))
	for _, item := range items {
		var parts []string
		if item.isString() {
			parts = strings.Split(item.text(), " ")
		} else {
			for _, part := range item.array() {
				parts = append(parts, part.text())
			}
		}
		if len(parts) != 2 {
			item.fail("a merge has two parts, this has %d", len(parts))
			return nil
		}
		merges = append(merges, [2]string(parts))
	}
	return merges
}
