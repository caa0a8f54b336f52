package configs

import (
	"math"

	"github.com/evorank/evorank/model"
)

// Config is an experiment. Tags: yaml is the key, doc a sentence, unit the
// unit, min and max the inclusive bounds, oneof the allowed words. Knobs
// tagged identity:"no" do not change what a run computes; those tagged task
// are that task's alone.
type Config struct {
	Description string    `yaml:"description" identity:"no" doc:"what the experiment is, in a line"`
	Task        string    `yaml:"task" oneof:"lm carracing" doc:"what turns networks into fitness"`
	Seed        uint64    `yaml:"seed" doc:"of every random choice of the run"`
	Generations int       `yaml:"generations" identity:"no" min:"1" max:"1000000000" doc:"populations to evaluate, founders included"`
	Search      Search    `yaml:"search"`
	Mutation    Mutation  `yaml:"mutation"`
	Init        Init      `yaml:"init"`
	LM          LM        `yaml:"lm" task:"lm"`
	CarRacing   CarRacing `yaml:"carracing" task:"carracing"`
	Execution   Execution `yaml:"execution"`
}

// Search is the genetic algorithm (method 4).
type Search struct {
	Population int `yaml:"population" min:"2" max:"16777216" unit:"individuals" doc:"evaluated in each generation"`
	Survivors  int `yaml:"survivors" min:"1" max:"16777215" unit:"individuals" doc:"best ones that stay unchanged and have children"`
}

// Mutation rates are relative to the initial standard deviation (method 2.5).
type Mutation struct {
	DenseRate  float64 `yaml:"dense_rate" min:"0" max:"100" unit:"of the initial std" doc:"step of dense weights"`
	FactorRate float64 `yaml:"factor_rate" min:"0" max:"100" unit:"of the initial std" doc:"step of each factor; the paper takes the square root of dense_rate"`
	BiasRate   float64 `yaml:"bias_rate" min:"0" max:"100" unit:"of √2" doc:"step of biases"`
}

// Init holds what varied between the reference program's runs (method 2).
type Init struct {
	TallConstant   float64 `yaml:"tall_constant" min:"0" max:"100" doc:"c in the factor std sqrt(c/fan-in) of matrices with at least as many outputs as inputs"`
	EmbeddingStd   float64 `yaml:"embedding_std" task:"lm" min:"0" max:"100" doc:"std of a dense embedding"`
	DecoderBiasStd float64 `yaml:"decoder_bias_std" task:"lm" min:"0" max:"100" doc:"std of the output bias"`
}

// LM is the language-model task.
type LM struct {
	Network  Network  `yaml:"network"`
	Encoding Encoding `yaml:"encoding"`
	Data     Data     `yaml:"data"`
}

// Network gives the transformer's sizes; the vocabulary comes from the tokenizer.
type Network struct {
	Hidden     int            `yaml:"hidden" min:"1" max:"4096" doc:"features of a token"`
	Heads      int            `yaml:"heads" min:"1" max:"4096" doc:"attention heads"`
	HeadDim    int            `yaml:"head_dim" min:"1" max:"4096" doc:"features of a head"`
	FFN        int            `yaml:"ffn" min:"1" max:"65536" doc:"width of the feed-forward layer"`
	Blocks     int            `yaml:"blocks" min:"1" max:"1024" doc:"decoder blocks"`
	Position   model.Position `yaml:"position" oneof:"rotary sinusoid none" doc:"how the order of tokens is told"`
	RotaryDims int            `yaml:"rotary_dims" min:"0" max:"4096" doc:"embedding features that turn with the position; 0 unless position is rotary"`
}

// Encoding says how weights are written in the genotype.
type Encoding struct {
	Embedding   model.Encoding            `yaml:"embedding" doc:"of the token embedding: dense, factored(k) or hybrid(k)"`
	Attention   model.Encoding            `yaml:"attention" doc:"of q, k, v and o"`
	FeedForward model.Encoding            `yaml:"feed_forward" doc:"of up and down"`
	Tensors     map[string]model.Encoding `yaml:"tensors" doc:"overrides by tensor name, for instance blocks.*.attn.o: dense"`
}

// Data is the text that networks are scored on.
type Data struct {
	Text           string `yaml:"text" identity:"no" doc:"file of stories; empty: the embedded corpus if corpus_stories says so"`
	Tokenizer      string `yaml:"tokenizer" identity:"no" doc:"Hugging Face tokenizer.json; empty with the embedded corpus"`
	CorpusStories  int    `yaml:"corpus_stories" min:"0" max:"1000000" unit:"stories" doc:"size of the embedded corpus; 0: text is needed"`
	Format         string `yaml:"format" oneof:"auto separated lines jsonl" doc:"of the text file"`
	Field          string `yaml:"field" doc:"the member that holds the story in JSON lines"`
	Stories        int    `yaml:"stories" min:"0" max:"100000000" unit:"stories" doc:"the first so many are used; 0: all"`
	PerGeneration  int    `yaml:"per_generation" min:"0" max:"100000000" unit:"stories" doc:"scored in one generation, a window that moves on; 0: all, so survivors keep their score"`
	MaxTokens      int    `yaml:"max_tokens" identity:"no" min:"2" max:"1000000" unit:"tokens" doc:"longest story that is accepted; attention takes time by its square"`
	EndOfText      bool   `yaml:"end_of_text" doc:"whether the end-of-text label closes each story, if the tokenizer has one"`
	Heldout        string `yaml:"heldout" identity:"no" doc:"file of stories for heldout_loss_best; empty: the embedded corpus's own, or none"`
	HeldoutStories int    `yaml:"heldout_stories" min:"0" max:"100000000" unit:"stories" doc:"the first so many are used; 0: all"`
	HeldoutEvery   int    `yaml:"heldout_every" identity:"no" min:"0" max:"1000000000" unit:"generations" doc:"between evaluations of the best on held-out stories; 0: never"`
}

// Execution says where and how a run computes, not what.
type Execution struct {
	Device          string `yaml:"device" identity:"no" doc:"auto, cpu, or cuda with device numbers"`
	Precision       string `yaml:"precision" oneof:"auto fp64 fp32 tf32 bf16 fp16" doc:"number format of operands; auto: fp32 on the CPU, fp16 on a GPU"`
	Application     string `yaml:"application" oneof:"auto materialised factored" doc:"whether W = A·B is built, or x goes through B and then A; auto: the cheaper, weight by weight; small networks on a GPU always have W"`
	Threads         int    `yaml:"threads" identity:"no" min:"0" max:"4096" doc:"CPU threads; 0: all"`
	CheckEvery      int    `yaml:"check_every" identity:"no" min:"0" max:"1000000000" unit:"generations" doc:"between comparisons of a GPU's parents with the same ones built on the host; 0: only at checkpoints and at the end"`
	CheckpointEvery int    `yaml:"checkpoint_every" identity:"no" min:"0" max:"1000000000" unit:"generations" doc:"between checkpoints, a shortcut for resume; 0: only when stopping"`
}

// Default returns the paper's settings for its dense language model; the
// embedded files say how each experiment differs.
func Default() Config {
	return Config{
		Task: "lm", Seed: 1, Generations: 300,
		Search:   Search{Population: 512, Survivors: 16},
		Mutation: Mutation{DenseRate: 0.01, FactorRate: 0.1, BiasRate: 0.01},
		Init:     Init{TallConstant: 1, EmbeddingStd: 1, DecoderBiasStd: math.Sqrt2},
		LM: LM{
			Network: Network{Hidden: 32, Heads: 4, HeadDim: 4, FFN: 128, Blocks: 3, Position: model.Rotary, RotaryDims: 4},
			Data:    Data{Format: "auto", Field: "text", Stories: 1024, MaxTokens: 8192, EndOfText: true, HeldoutStories: 256, HeldoutEvery: 10},
		},
		CarRacing: defaultCarRacing(),
		Execution: Execution{Device: "auto", Precision: "auto", Application: "auto", CheckEvery: 1, CheckpointEvery: 50},
	}
}
