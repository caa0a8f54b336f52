package main

import (
	"encoding/json"
	"fmt"

	"github.com/evorank/evorank/model"
	"github.com/evorank/evorank/run"
	"github.com/evorank/evorank/run/lineage"
	"github.com/evorank/evorank/task/lm/text"
	"github.com/evorank/evorank/task/lm/tokenizer"
	"github.com/urfave/cli/v2"
)

func evalCommand() *cli.Command {
	return &cli.Command{
		Name:      "eval",
		Usage:     "how good a run's individual or a weight file is: its loss on a text, its return on fresh tracks",
		ArgsUsage: "[RUN]",
		Description: "Of a run: the best individual of the last complete generation, on the run's own text or on\n" +
			"tracks 0 to 99, unless --generation, --individual, --data, --episodes or --seed say otherwise.\n" +
			"Of a file: evorank eval --weights W.safetensors --tokenizer T.json --data F\n" +
			"           evorank eval --weights POLICY.safetensors --episodes 100 --seed 0",
		Flags: append(append([]cli.Flag{
			&cli.StringFlag{Name: "weights", Usage: "safetensors `FILE` instead of a run"},
			&cli.BoolFlag{Name: "heldout", Usage: "on the run's held-out stories"},
			&cli.BoolFlag{Name: "json", Usage: "one JSON object with every story's loss or every episode's return"},
		}, append(textFlags(), episodeFlags()...)...), append(computeFlags(), individualFlags()...)...),
		Action: evalAction,
	}
}

// textFlags name a text and how to tokenize it.
func textFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "data", Usage: "`FILE` of stories", EnvVars: []string{"EVORANK_DATA"}},
		&cli.StringFlag{Name: "tokenizer", Usage: "Hugging Face tokenizer.json `FILE`", EnvVars: []string{"EVORANK_TOKENIZER"}},
		&cli.StringFlag{Name: "format", Value: "auto", Usage: "auto, separated, lines or jsonl"},
		&cli.StringFlag{Name: "field", Value: text.DefaultField, Usage: "the member that holds the story in JSON lines"},
		&cli.IntFlag{Name: "limit", Usage: "use the first `N` stories", DefaultText: "all"},
		&cli.BoolFlag{Name: "no-eot", Usage: "without the end-of-text label at the end of each story"},
	}
}

// computeFlags say how to compute.
func computeFlags() []cli.Flag {
	return []cli.Flag{
		deviceFlag(),
		&cli.StringFlag{Name: "precision", Value: "auto", Usage: "fp64 or fp32 on the CPU; fp32, tf32, bf16 or fp16 on a GPU"},
		&cli.BoolFlag{Name: "materialised", Usage: "build W = A·B"},
		&cli.BoolFlag{Name: "factored", Usage: "apply B and then A"},
		&cli.IntFlag{Name: "threads", Usage: "CPU threads", DefaultText: "all"},
	}
}

// individualFlags choose somebody in a run.
func individualFlags() []cli.Flag {
	return []cli.Flag{
		&cli.IntFlag{Name: "generation", Usage: "to choose from", DefaultText: "the last complete one"},
		&cli.Uint64Flag{Name: "individual", Usage: "`ID` of the individual", DefaultText: "the best"},
	}
}

// subject is what a command was asked about: a network, and if it is of a run,
// who and which run.
type subject struct {
	network    *run.Network
	archive    *run.Archive
	individual lineage.Individual
}

// chooseSubject loads the weight file or rebuilds the run's individual.
func chooseSubject(c *cli.Context) (subject, error) {
	weights := c.String("weights")
	if (weights == "") == (c.NArg() == 0) {
		return subject{}, usagef("%s: give a run directory or --weights, one of them", c.Command.Name)
	}
	if err := positive(c, "generation", "individual"); err != nil {
		return subject{}, err
	}
	if weights != "" && (c.IsSet("generation") || c.IsSet("individual")) {
		return subject{}, usagef("%s: --generation and --individual are for runs, not for --weights", c.Command.Name)
	}
	if weights != "" {
		n, err := run.LoadNetwork(weights)
		return subject{network: n}, byKind(err)
	}
	a, err := run.OpenArchive(c.Args().First(), runOptions(c))
	if err != nil {
		return subject{}, byKind(err)
	}
	i, err := a.Find(model.Generation(c.Int("generation")), model.ID(c.Uint64("individual")))
	if err != nil {
		return subject{}, byKind(err)
	}
	n, err := a.Network(i)
	return subject{n, a, i}, byKind(err)
}

// loadTokenizer returns the tokenizer named by the flag, or the run's.
func (s subject) loadTokenizer(c *cli.Context) (*tokenizer.Tokenizer, error) {
	spec, err := s.network.Transformer()
	if err != nil {
		return nil, byKind(fmt.Errorf("%s: %w", c.Command.Name, err))
	}
	if path := c.String("tokenizer"); path != "" {
		t, err := tokenizer.Load(path)
		if err == nil && t.Vocabulary() != spec.Vocab {
			err = fmt.Errorf("tokenizer: %s: its vocabulary makes %d model ids, the weights have %d: it belongs to other weights", path, t.Vocabulary(), spec.Vocab)
		}
		return t, dataError(err)
	}
	if s.archive == nil {
		return nil, usagef("%s: --weights needs --tokenizer: the one that the network was trained with, tokenizer.json of its run directory", c.Command.Name)
	}
	t, err := s.archive.Experiment.LanguageModel()
	if err != nil {
		return nil, byKind(err)
	}
	return t.Tokenizer, nil
}

// stories returns the text to evaluate on.
func (s subject) stories(c *cli.Context) (*text.Stories, error) {
	if c.Int("limit") < 0 {
		return nil, usagef("eval: --limit must not be negative")
	}
	if s.archive == nil && c.Bool("heldout") {
		return nil, usagef("eval: --heldout is for runs: give --data")
	}
	if c.Bool("heldout") {
		if err := refuse(c, "--heldout is another text: give one of them", "data"); err != nil {
			return nil, err
		}
	}
	switch {
	case c.String("data") != "" && !c.Bool("heldout"):
		return s.storiesOfFile(c)
	case s.archive != nil:
		return s.storiesOfRun(c)
	}
	return nil, usagef("eval: --weights needs --data")
}

// storiesOfRun are those that the run was trained on, or holds out.
func (s subject) storiesOfRun(c *cli.Context) (*text.Stories, error) {
	const why = "needs --data: without it the run's own stories are used as they are"
	if err := refuse(c, why, "limit", "format", "field", "no-eot", "tokenizer"); err != nil {
		return nil, err
	}
	t, err := s.archive.Experiment.LanguageModel()
	if err != nil {
		return nil, byKind(err)
	}
	if err := s.archive.LoadData(); err != nil {
		return nil, byKind(err)
	}
	if !c.Bool("heldout") {
		return t.Train, nil
	}
	if t.Heldout == nil {
		return nil, usagef("eval: --heldout: the run has no held-out stories: name some with --data FILE instead")
	}
	return t.Heldout, nil
}

// storiesOfFile are those that --data names.
func (s subject) storiesOfFile(c *cli.Context) (*text.Stories, error) {
	t, err := s.loadTokenizer(c)
	if err != nil {
		return nil, err
	}
	if err := choice(c, "format", "auto", "separated", "lines", "jsonl"); err != nil {
		return nil, err
	}
	src := text.Source{Path: c.String("data"), Format: text.Format(c.String("format")), Field: c.String("field"), Limit: c.Int("limit")}
	stories, err := text.Load(src, text.Encoding{Tokenizer: t, EndOfText: !c.Bool("no-eot")}, "")
	if err != nil {
		return nil, dataError(err)
	}
	for i := range stories.Len() {
		if n := len(stories.Story(i)); n > maxStoryTokens {
			return nil, dataError(fmt.Errorf("data: %s: story %d: %d tokens, at most %d: split it", src.Path, i+1, n, maxStoryTokens))
		}
	}
	return stories, nil
}

// maxStoryTokens bounds what attention, which takes time by the square, is
// asked for.
const maxStoryTokens = 1 << 16

// chooseApplication reads the flags that say how factored weights are applied.
func chooseApplication(c *cli.Context) (string, error) {
	switch {
	case c.Int("threads") < 0:
		return "", usagef("%s: --threads must not be negative", c.Command.Name)
	case c.Bool("materialised") && c.Bool("factored"):
		return "", usagef("%s: --materialised and --factored exclude each other", c.Command.Name)
	case c.Bool("materialised"):
		return "materialised", nil
	case c.Bool("factored"):
		return "factored", nil
	}
	return "auto", nil
}

// chooseDevice reads the compute flags for a language model.
func chooseDevice(c *cli.Context) (run.Device, error) {
	application, err := chooseApplication(c)
	if err != nil {
		return run.Device{}, err
	}
	d, err := run.ChooseDevice(c.String("device"), c.String("precision"), application, c.Int("threads"))
	if d.Note != "" {
		runOptions(c).Warn("device: " + d.Note)
	}
	return d, byKind(err)
}

func evalAction(c *cli.Context) error {
	s, err := chooseSubject(c)
	if err != nil {
		return err
	}
	if _, drives := s.network.Spec.(model.ConvPolicy); drives {
		return evalEpisodes(c, s)
	}
	return evalText(c, s)
}

// evalText scores a language model on stories.
func evalText(c *cli.Context, s subject) error {
	if err := refuse(c, "the network is a language model and plays no episodes", "episodes", "seed", "max-steps", "no-early-stop"); err != nil {
		return err
	}
	d, err := chooseDevice(c)
	if err != nil {
		return err
	}
	stories, err := s.stories(c)
	if err != nil {
		return err
	}
	e, err := s.network.Score(c.Context, stories, d)
	if err != nil {
		return byKind(err)
	}
	for _, note := range stories.Notes {
		runOptions(c).Warn(note)
	}
	if c.Bool("json") {
		return printJSON(c, evaluation{e, stories.Coverage.Units, stories.Coverage.Unknown})
	}
	if s.archive != nil {
		fmt.Fprintf(c.App.Writer, "individual %d of generation %d\n", s.individual.ID, s.individual.Generation)
	}
	fmt.Fprintf(c.App.Writer, "loss %.9g nats, mean over %d stories (%d targets), %s\n", e.Loss, e.Stories, e.Targets, e.Device)
	return nil
}

// evaluation is what eval prints as JSON.
type evaluation struct {
	run.Evaluation
	Units   int `json:"units"`   // of the text: words, or characters of a BPE
	Unknown int `json:"unknown"` // of them, to the tokenizer
}

// printJSON prints one object on one line.
func printJSON(c *cli.Context, value any) error {
	return json.NewEncoder(c.App.Writer).Encode(value)
}
