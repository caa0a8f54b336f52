package levels_test

import (
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/evorank/evorank/task/lm/levels"
	"github.com/evorank/evorank/task/lm/tokenizer"
)

// Counted independently, these stories have 5.79 (unigram, tokens counted
// alike, the loss averaged by story) and 3.40 (bigram, tokens counted alike).
// Here every story weighs the same, which moves both by a few hundredths.
func TestTinyStories(t *testing.T) {
	shared := os.Getenv("EVORANK_SHARED")
	if shared == "" {
		shared = "../shared"
	}
	if !filepath.IsAbs(shared) { // It starts at the repository's root.
		shared = filepath.Join("..", "..", "..", shared)
	}
	tok, err := tokenizer.Load(filepath.Join(shared, "data", "tokenizer-bpe2048.json"))
	if err != nil {
		t.Skipf("2 levels not checked: %v", err)
	}
	data, err := os.ReadFile(filepath.Join(shared, "data", "tinystories-train.txt"))
	if err != nil {
		t.Skipf("2 levels not checked: %v", err)
	}
	endOfText, _ := tok.EndOfText()
	var stories [][]int32
	for _, story := range strings.Split(string(data), "<|endoftext|>") {
		if strings.TrimSpace(story) != "" {
			stories = append(stories, tokenizer.ModelIDs(nil, tok.Encode(story), endOfText))
		}
	}
	unigram, bigram := levels.Unigram(stories), levels.Bigram(stories)
	t.Logf("%d stories: unigram %.4f, bigram %.4f", len(stories), unigram, bigram)
	if !(math.Abs(unigram-5.79) <= 0.02) {
		t.Errorf("unigram %.4f, counted 5.79", unigram)
	}
	if !(math.Abs(bigram-3.40) <= 0.05) {
		t.Errorf("bigram %.4f, counted 3.40", bigram)
	}
}
