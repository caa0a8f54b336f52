package model

import (
	"fmt"
	"strconv"
	"strings"
)

// EncodingKind says how a weight tensor is written in the genotype.
type EncodingKind uint8

const (
	Dense    EncodingKind = iota // the m×n numbers themselves
	Factored                     // A (m×k) and B (k×n), W = A·B
	Hybrid                       // A·B + D, D (m×n) starting at zero
)

// Encoding is a kind and, unless dense, a rank k ≥ 1. The zero value is dense.
type Encoding struct {
	Kind EncodingKind
	Rank int
}

// String returns the form that configs use: dense, factored(4), hybrid(4).
func (e Encoding) String() string {
	switch e.Kind {
	case Factored:
		return fmt.Sprintf("factored(%d)", e.Rank)
	case Hybrid:
		return fmt.Sprintf("hybrid(%d)", e.Rank)
	}
	return "dense"
}

// ParseEncoding reads what String writes.
func ParseEncoding(s string) (Encoding, error) {
	if s == "dense" {
		return Encoding{}, nil
	}
	name, rest, _ := strings.Cut(s, "(")
	digits, closed := strings.CutSuffix(rest, ")")
	rank, err := strconv.Atoi(digits)
	kind, known := map[string]EncodingKind{"factored": Factored, "hybrid": Hybrid}[name]
	if !known || !closed || err != nil || rank < 1 || rank > MaxDimension {
		return Encoding{}, fmt.Errorf("encoding: %q: want dense, factored(k) or hybrid(k) with a rank k from 1 to %d", s, MaxDimension)
	}
	return Encoding{kind, rank}, nil
}

// MarshalText and UnmarshalText let configs hold encodings as text.
func (e Encoding) MarshalText() ([]byte, error) { return []byte(e.String()), nil }

// UnmarshalText is the inverse of MarshalText.
func (e *Encoding) UnmarshalText(text []byte) (err error) {
	*e, err = ParseEncoding(string(text))
	return err
}
