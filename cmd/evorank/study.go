package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/evorank/evorank/files"
	"github.com/evorank/evorank/run"
	"github.com/evorank/evorank/study"
	"github.com/urfave/cli/v2"
)

func studyCommand() *cli.Command {
	dir := &cli.StringFlag{Name: "dir", Usage: "`DIR` of the study (default: runs/studies/<name>, or STUDY if it is a directory)"}
	asJSON := &cli.BoolFlag{Name: "json", Usage: "print JSON"}
	finished := &cli.StringSliceFlag{Name: "finished", Usage: "trials that are finished in `DIR` need not be made: another directory of the same study, or a report of it; may be repeated"}
	condition := &cli.StringSliceFlag{Name: "condition", Usage: "only the trials of this one, by its `NAME`; may be repeated"}
	return &cli.Command{
		Name:  "study",
		Usage: "many trials of several conditions: run them, follow them, report on them",
		Description: "STUDY is an embedded study (evorank study list), a file, or the directory of a study that\n" +
			"was begun. Each trial is a run directory; what is done is never done again.",
		Subcommands: []*cli.Command{
			{Name: "list", Usage: "name the embedded studies", Action: studyList},
			{
				Name: "run", Usage: "carry out all trials that are not done", ArgsUsage: "STUDY", Action: studyRun,
				Description: "Ctrl-C once stops the trials under way so that the same command goes on with them.\n" +
					"Where --device names several GPUs, each has a trial of its own.",
				Flags: append(append([]cli.Flag{dir, asJSON, finished, condition}, studySettings()...),
					&cli.IntFlag{Name: "parallel", DefaultText: "1, or one for each GPU", Usage: "trials at a time; they share the cores, or the GPUs as far as their memory goes"},
					&cli.DurationFlag{Name: "max-time", Usage: "stop after this time, resumable, with exit code 75"},
					&cli.BoolFlag{Name: "dry-run", Usage: "print generations, evaluations and time expected, and stop"},
					&cli.BoolFlag{Name: "quiet", Usage: "no progress"}),
			},
			{Name: "status", Usage: "how far each trial is", ArgsUsage: "STUDY", Flags: append([]cli.Flag{dir, asJSON, finished}, studySettings()...), Action: studyStatus},
			{
				Name: "report", Usage: "write report.md, report.html, summary.json, trials.csv, curves.csv and figures", ArgsUsage: "[STUDY]", Action: studyReport,
				Description: "Trials that are not done are left out, and the report says so. --from writes the same\n" +
					"report again from its own summary.json and curves.csv, without the runs; --finished adds\n" +
					"the trials of such a report to those of the study.",
				Flags: append([]cli.Flag{dir, finished,
					&cli.IntFlag{Name: "every", Value: 1, Usage: "keep every so manieth generation of the curves, beside the first ten and the last"},
					&cli.StringFlag{Name: "output", Aliases: []string{"o"}, Usage: "`DIR` (default: report in the study's directory)"},
					&cli.StringFlag{Name: "from", Usage: "`DIR` of an earlier report, instead of a study"},
					&cli.StringFlag{Name: "text", Usage: "`FILE` of Markdown about the study: fill in its tables, and fail if its numbers are not the report's"},
					&cli.BoolFlag{Name: "renumber", Usage: "write the report's numbers into the --text, too; its words are yours to read again"}}, studySettings()...),
			},
		},
	}
}

// studySettings change what is run: give the same to run, status and report,
// or name the study's directory, which remembers them.
func studySettings() []cli.Flag {
	return []cli.Flag{
		&cli.StringSliceFlag{Name: "set", Usage: "override a knob of all conditions: `a.b=c`; may be repeated"},
		&cli.StringFlag{Name: "data", Usage: "`FILE` of stories to train on", EnvVars: []string{"EVORANK_DATA"}},
		&cli.StringFlag{Name: "heldout", Usage: "`FILE` of held-out stories", EnvVars: []string{"EVORANK_HELDOUT"}},
		&cli.StringFlag{Name: "tokenizer", Usage: "Hugging Face tokenizer.json `FILE`", EnvVars: []string{"EVORANK_TOKENIZER"}},
		deviceFlag(),
		&cli.IntFlag{Name: "trials", Usage: "of each condition, instead of the study's"},
		&cli.IntFlag{Name: "generations", Usage: "of each trial, instead of the study's"},
	}
}

func studyList(c *cli.Context) error {
	for _, name := range study.Names() {
		s, err := study.Load(name, nil)
		if err != nil {
			return byKind(err)
		}
		fmt.Fprintf(c.App.Writer, "%-24s %d conditions, %d trials in all: %s\n", name, len(s.Conditions), len(s.Plan("")), s.Description)
	}
	return nil
}

// loadStudy reads the study with the flags' settings, and its directory: to
// begin it, or to report on it as it was begun.
func loadStudy(c *cli.Context, begin bool) (*study.Study, string, error) {
	name := c.Args().First()
	settings := c.StringSlice("set")
	for _, knob := range [][2]string{{"data", "lm.data.text"}, {"heldout", "lm.data.heldout"}, {"tokenizer", "lm.data.tokenizer"}, {"device", "execution.device"}, {"generations", "generations"}} {
		if c.IsSet(knob[0]) {
			settings = append(settings, fmt.Sprintf("%s=%v", knob[1], c.Value(knob[0])))
		}
	}
	s, dir, err := study.LoadBegun(name, settings)
	if begin || c.IsSet("dir") {
		s, err = study.Load(name, settings)
	}
	if err != nil {
		return nil, "", byKind(err)
	}
	if c.IsSet("trials") {
		if err := s.SetTrials(c.Int("trials")); err != nil {
			return nil, "", byKind(err)
		}
	}
	if c.IsSet("dir") {
		dir = c.String("dir")
	}
	return s, dir, nil
}

func studyRun(c *cli.Context) error {
	if c.IsSet("parallel") && c.Int("parallel") < 1 {
		return usagef("study run: --parallel must be at least 1")
	}
	if err := checkFollow(c); err != nil {
		return err
	}
	s, dir, err := loadStudy(c, true)
	if err != nil {
		return err
	}
	states, err := s.States(dir, c.StringSlice("finished")...)
	if err == nil {
		states, err = s.Only(states, c.StringSlice("condition"))
	}
	if err != nil {
		return byKind(err)
	}
	ctx, stop := interruptible(c)
	defer stop()
	places, err := placesOf(ctx, c, s, states)
	if err != nil {
		return byKind(err)
	}
	if c.Bool("dry-run") {
		return studyDryRun(c, s, states, places)
	}
	if limit := c.Duration("max-time"); limit > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, limit, errMaxTime)
		defer cancel()
	}
	show := newStudyProgress(c, states, len(places))
	err = s.Execute(ctx, study.Options{
		Dir: dir, Places: places, Only: c.StringSlice("condition"), Finished: c.StringSlice("finished"), Run: runOptions(c), Watch: show.event,
	})
	show.end()
	if err != nil {
		return byKind(err)
	}
	return tellDone(c, s, dir, len(states))
}

func tellDone(c *cli.Context, s *study.Study, dir string, trials int) error {
	if c.Bool("json") {
		return printJSON(c, map[string]any{"study": s.Name, "dir": dir, "trials": trials})
	}
	fmt.Fprintf(c.App.Writer, "%s: all %d trials are done\nnext  evorank study report %s\n", dir, trials, dir)
	return nil
}

// placesOf says where trials run side by side, as many as find room.
func placesOf(ctx context.Context, c *cli.Context, s *study.Study, states []study.State) ([]string, error) {
	places, err := s.Places(c.Int("parallel"))
	if err != nil {
		return nil, err
	}
	fit, notes, err := study.Fit(places, func(device string) (study.Demand, error) { return s.Demand(ctx, states, device, runOptions(c)) })
	log := logger(c.App.ErrWriter)
	for _, note := range notes {
		log.Warn().Msg(note)
	}
	return fit, err
}

func studyDryRun(c *cli.Context, s *study.Study, states []study.State, places []string) error {
	device := ""
	if len(places) > 1 {
		device = places[0] // what one trial would have
	}
	expenses, err := s.Estimate(c.Context, states, device, runOptions(c))
	if err != nil {
		return byKind(err)
	}
	if c.Bool("json") {
		return printJSON(c, expenses)
	}
	w := c.App.Writer
	fmt.Fprintf(w, "%-28s %6s %12s %12s %11s %9s\n", "condition", "trials", "generations", "evaluations", "parameters", "time")
	var sum study.Expense
	for _, e := range expenses {
		fmt.Fprintf(w, "%-28s %6d %12d %12d %11d %9s\n", e.Condition, e.Trials, e.Generations, e.Evaluations, e.Parameters, roughly(e.Duration))
		sum.Trials, sum.Generations, sum.Evaluations = sum.Trials+e.Trials, sum.Generations+e.Generations, sum.Evaluations+e.Evaluations
		sum.Duration += e.Duration
	}
	fmt.Fprintf(w, "%-28s %6d %12d %12d %11s %9s\n", "all that is left", sum.Trials, sum.Generations, sum.Evaluations, "", roughly(sum.Duration))
	if sum.Trials > 0 {
		fmt.Fprintln(w, howEstimated(expenses, sum, len(places)))
	}
	return nil
}

// roughly writes an estimated time: to the second, and of what takes less only
// that it does.
func roughly(d time.Duration) string {
	if 0 < d && d < time.Second {
		return "under 1s"
	}
	return d.Round(time.Second).String()
}

// howEstimated says what the times of a dry run are.
func howEstimated(expenses []study.Expense, sum study.Expense, parallel int) string {
	device, timed := "", 0
	for _, e := range expenses {
		if e.Trials > 0 {
			device, timed = e.Device, max(timed, e.Timed)
		}
	}
	founders := "one founder of each condition was"
	if timed > 1 {
		founders = fmt.Sprintf("%d founders of each condition were", timed)
	}
	text := fmt.Sprintf("The time is an estimate, of one trial after the other on %s: %s timed.\nOn a machine that is busy with other things it comes out too long.", device, founders)
	if parallel > 1 {
		text += fmt.Sprintf("\nWith %d trials at a time: from %s, if they do not slow each other down.", parallel, roughly(sum.Duration/time.Duration(parallel)))
	}
	return text
}

// trialStatus is a line of study status.
type trialStatus struct {
	Condition   string     `json:"condition"`
	Seed        uint64     `json:"seed"`
	Status      run.Status `json:"status"`
	Generation  int        `json:"generation"`
	Generations int        `json:"generations"`
	Dir         string     `json:"dir"`
}

func studyStatus(c *cli.Context) error {
	s, dir, err := loadStudy(c, false)
	if err != nil {
		return err
	}
	states, err := s.States(dir, c.StringSlice("finished")...)
	if err != nil {
		return byKind(err)
	}
	done, lines := 0, []trialStatus{}
	for _, state := range states {
		lines = append(lines, trialStatus{state.Name, state.Seed, state.Status, state.Generation, state.Config.Generations, state.Dir})
		if state.Done() {
			done++
		}
	}
	if c.Bool("json") {
		return printJSON(c, lines)
	}
	w := c.App.Writer
	for _, l := range lines {
		fmt.Fprintf(w, "%-8s %4d/%-4d  %-28s seed %-4d %s\n", l.Status, l.Generation, l.Generations, l.Condition, l.Seed, l.Dir)
	}
	left, rest := study.NewForecast(states, 1).Left()
	text := ""
	if rest > 0 && left > 0 {
		text = fmt.Sprintf(", %s at the pace so far", roughly(rest))
	}
	fmt.Fprintf(w, "%s: %d of %d trials done, %d generations to go%s\n", s.Name, done, len(states), left, text)
	return nil
}

func studyReport(c *cli.Context) error {
	if c.Int("every") < 1 {
		return usagef("study report: --every must be at least 1")
	}
	if c.IsSet("renumber") && !c.IsSet("text") {
		return usagef("study report: --renumber is for a --text")
	}
	results, dir, err := resultsOf(c)
	if err != nil {
		return err
	}
	if c.IsSet("output") {
		dir = c.String("output")
	}
	results.Thin(c.Int("every"))
	if err := results.Write(dir); err != nil {
		return err
	}
	fmt.Fprintln(c.App.Writer, filepath.Join(dir, "report.html"))
	if c.IsSet("text") {
		return fillText(results, c.String("text"), c.Bool("renumber"))
	}
	return nil
}

// fillText writes a text's tables, and its numbers if that is asked for, and
// checks the numbers.
func fillText(results *study.Results, path string, renumber bool) error {
	before, err := os.ReadFile(path)
	if err != nil {
		return byKind(&run.Error{Kind: run.BadData, Err: fmt.Errorf("study report: %w", err)})
	}
	text, err := study.Prose{Text: string(before)}.Fill(results)
	if err != nil {
		return byKind(err)
	}
	if renumber {
		text = text.Renumber(results)
	}
	if text.Text != string(before) {
		err = files.WriteWhole(path, func(w io.Writer) error {
			_, err := io.WriteString(w, text.Text)
			return err
		})
		if err != nil {
			return err
		}
	}
	if stale := text.Stale(results); len(stale) > 0 {
		return fmt.Errorf("study report: %s: numbers that are not the report's: %s", path, strings.Join(stale, "; "))
	}
	return nil
}

// resultsOf collects a study's results, or reads those of an earlier report,
// and returns where the report goes unless told otherwise.
func resultsOf(c *cli.Context) (*study.Results, string, error) {
	from := c.String("from")
	if (from == "") == (c.NArg() == 0) {
		return nil, "", usagef("study report: give a study or --from, one of them")
	}
	if from != "" && c.IsSet("finished") {
		return nil, "", usagef("study report: --finished is for a study, not for --from")
	}
	if from != "" {
		results, err := study.ReadResults(from)
		return results, from, byKind(err)
	}
	s, dir, err := loadStudy(c, false)
	if err != nil {
		return nil, "", err
	}
	results, err := s.Collect(dir, c.StringSlice("finished")...)
	return results, filepath.Join(dir, "report"), byKind(err)
}
