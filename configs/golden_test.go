package configs

import (
	"fmt"
	"testing"
)

// TestIdentitiesStay: a lineage is bound to its config's identity, so a run
// made today can be resumed tomorrow only if no identity ever changes.
func TestIdentitiesStay(t *testing.T) {
	for name, want := range map[string]string{
		"carracing-dense":                   "f2af1aa2bd0a442b",
		"carracing-factored-r4":             "13ffce1954c0eaaf",
		"carracing-factored":                "15e74b0ef9e1d4c9",
		"carracing-quick":                   "7f39eda45b83c47b",
		"carracing-small-dense":             "a20f428526ce2569",
		"lm-quick":                          "6fb326248bb49296",
		"tinystories-dense-matched-step":    "c8166bdd70af3973",
		"tinystories-dense-rate10x":         "ecbf12548c2ff7a0",
		"tinystories-dense-small-embedding": "c705a2cdcc17a426",
		"tinystories-dense-zero-bias":       "ca8787bdc64fdc28",
		"tinystories-dense":                 "b7e4cd51a64a2fc3",
		"tinystories-factored-r1":           "064fa36c68a7b87b",
		"tinystories-factored-r16":          "a863ca13392ee789",
		"tinystories-factored-rate0.01":     "0049a3602b989dbd",
		"tinystories-factored-zero-bias":    "140400214fc2be27",
		"tinystories-factored":              "33b025ba13899a1d",
		"tinystories-hybrid":                "a4eda63b5abb4d28",
		"tinystories-small-dense":           "7a060bd8968dcf70",
	} {
		c, err := Load(name, nil)
		if err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprintf("%016x", c.Identity()); got != want {
			t.Errorf("%s: %s, it was %s: runs of it can no longer be resumed", name, got, want)
		}
	}
}
