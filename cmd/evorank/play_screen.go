package main

import (
	"context"
	"fmt"
	"image"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/evorank/evorank/files"
	"github.com/evorank/evorank/task/carracing"
	"github.com/evorank/evorank/task/film"
	"github.com/urfave/cli/v2"
	"golang.org/x/sys/unix"
)

// screen is where a drive is shown: a GIF, a folder of PNG files, a terminal,
// or nowhere.
type screen struct {
	draw     func(*carracing.Env) *image.RGBA
	every    int    // steps
	output   string // a .gif, or a folder
	terminal bool
	out      io.Writer
	pictures int // shown
}

// views draw an environment, by name.
func views(r *carracing.Renderer) map[string]func(*carracing.Env) *image.RGBA {
	return map[string]func(*carracing.Env) *image.RGBA{
		"full": func(e *carracing.Env) *image.RGBA {
			var p carracing.Picture
			r.Draw(e, &p)
			return p.Image()
		},
		"96": func(e *carracing.Env) *image.RGBA {
			var o carracing.Obs96
			r.Observe96(e, &o)
			return o.Image()
		},
		"64": func(e *carracing.Env) *image.RGBA {
			var o carracing.Obs64
			r.Observe64(e, &o)
			return o.Image()
		},
	}
}

// chooseScreen reads the flags that say how to show.
func chooseScreen(c *cli.Context) (*screen, error) {
	if err := choice(c, "view", "full", "96", "64"); err != nil {
		return nil, err
	}
	if c.Int("every") < 1 {
		return nil, usagef("play: --every %d: want at least 1", c.Int("every"))
	}
	if c.Bool("terminal") && (c.String("output") != "" || c.Bool("json")) {
		return nil, usagef("play: --terminal goes without --output and --json")
	}
	s := &screen{draw: views(carracing.NewRenderer())[c.String("view")], every: c.Int("every"),
		output: c.String("output"), terminal: c.Bool("terminal"), out: c.App.Writer}
	switch filepath.Ext(s.output) {
	case ".gif":
		return s, refuseExisting(c, "output")
	case "":
		return s, nil
	}
	return nil, usagef("play: --output %s: want a name that ends in .gif, or one without an ending for a folder of PNG files", s.output)
}

// isGIF says whether a GIF is to be made.
func (s *screen) isGIF() bool { return strings.HasSuffix(s.output, ".gif") }

// player plays an episode and calls see after the reset and after every step.
type player func(see func(*carracing.Episode) error) error

// show lets the episode be played and shows it.
func (s *screen) show(ctx context.Context, play player) error {
	switch {
	case s.isGIF():
		return files.WriteWhole(s.output, func(w io.Writer) error {
			g := film.NewGIF(w, 2*s.every)
			if err := play(s.watch(func(e *carracing.Episode) error { return g.Add(s.draw(&e.Env)) })); err != nil {
				return err
			}
			return g.Close()
		})
	case s.output != "":
		return film.PNGs(s.output, func(add func(int, *image.RGBA) error) error {
			return play(s.watch(func(e *carracing.Episode) error { return add(e.Progress.Steps, s.draw(&e.Env)) }))
		})
	case s.terminal:
		return s.perform(ctx, play)
	}
	return play(func(*carracing.Episode) error { return nil })
}

// watch calls add at every so many steps, and at the last.
func (s *screen) watch(add func(*carracing.Episode) error) func(*carracing.Episode) error {
	return func(e *carracing.Episode) error {
		if e.Progress.Steps%s.every != 0 && !e.Done() {
			return nil
		}
		s.pictures++
		return add(e)
	}
}

// perform shows the episode in the terminal, at the car's speed if it is one.
func (s *screen) perform(ctx context.Context, play player) error {
	o, live := terminalOptions(s.out)
	t, begun := film.NewTerminal(s.out, o), time.Now()
	err := play(s.watch(func(e *carracing.Episode) error {
		line := fmt.Sprintf("step %d  return %.1f  tiles %d of %d", e.Progress.Steps, e.Return, e.Env.Visited, e.Env.Track.N)
		if err := t.Add(s.draw(&e.Env), line); err != nil || !live {
			return err
		}
		return sleepUntil(ctx, begun.Add(time.Duration(e.Progress.Steps)*time.Second/50))
	}))
	if closed := t.Close(); err == nil {
		err = closed
	}
	return err
}

// terminalOptions looks at what is written to: a terminal can be drawn over,
// and has colours unless NO_COLOR says that they are not wanted.
func terminalOptions(w io.Writer) (o film.TerminalOptions, live bool) {
	o = film.TerminalOptions{Columns: 80, Rows: 24}
	if out, ok := w.(*output); ok {
		w = out.Writer
	}
	if !isTerminal(w) || os.Getenv("TERM") == "dumb" {
		return o, false
	}
	_, plain := os.LookupEnv("NO_COLOR")
	o.Colour, o.Cursor = !plain, true
	if size, err := unix.IoctlGetWinsize(int(w.(*os.File).Fd()), unix.TIOCGWINSZ); err == nil && size.Col > 0 {
		o.Columns, o.Rows = int(size.Col), int(size.Row)
	}
	return o, true
}

func sleepUntil(ctx context.Context, t time.Time) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(time.Until(t)):
		return nil
	}
}
