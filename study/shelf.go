package study

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"

	"github.com/evorank/evorank/run"
)

// shelf is a place where trials that were made elsewhere lie: a study's
// directory, or a report of it, which has the trials' values and curves but
// not their runs.
type shelf struct {
	dir  string
	kept []Group // of a report
}

func openShelves(places []string) ([]shelf, error) {
	var out []shelf
	for _, dir := range places {
		place := shelf{dir: dir}
		info, err := os.Stat(dir)
		switch {
		case err != nil:
			return nil, badData(fmt.Errorf("study: finished trials: %w", err))
		case !info.IsDir():
			return nil, badDataf("study: finished trials: %s: want the directory of a study or of a report", dir)
		}
		if isReport(dir) {
			res, err := ReadResults(dir)
			if err != nil {
				return nil, err
			}
			place.kept = res.groups()
		}
		out = append(out, place)
	}
	return out, nil
}

// isReport reports whether a directory holds the results of a study.
func isReport(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, fileSummary))
	return err == nil
}

// find returns the trial's run, nil if it is not there.
func (p shelf) find(t Trial) (*Run, error) {
	if p.kept == nil {
		dir := filepath.Join(p.dir, t.folder())
		if !begun(dir) {
			return nil, nil
		}
		r, err := ReadRun(dir)
		if err != nil {
			return nil, err
		}
		return r, t.sameAs(r)
	}
	for _, g := range p.kept {
		for _, r := range g.Runs {
			if g.Name == t.Name && r.Seed() == t.Seed {
				return r, t.sameAs(r)
			}
		}
	}
	return nil, nil
}

// digestPath is where the digest of a lineage lies that was moved away: one
// line as sha256sum prints it.
func digestPath(dir string) string { return filepath.Join(dir, "lineage.sha256") }

var digestLine = regexp.MustCompile(`^([0-9a-f]{64})(\s|$)`)

// lineageDigest returns the SHA-256 of a run's lineage. A digest that lies
// beside the lineage must be the lineage's.
func lineageDigest(dir string) (string, error) {
	noted := ""
	text, err := os.ReadFile(digestPath(dir))
	if err == nil {
		m := digestLine.FindSubmatch(text)
		if m == nil {
			return "", badDataf("study: %s: want a SHA-256 as sha256sum prints it", digestPath(dir))
		}
		noted = string(m[1])
	}
	f, err := os.Open(run.LineagePath(dir))
	if errors.Is(err, fs.ErrNotExist) && noted != "" {
		return noted, nil
	}
	if err != nil {
		return "", badDataf("study: %w", err)
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", badDataf("study: %w", err)
	}
	digest := fmt.Sprintf("%x", h.Sum(nil))
	if noted != "" && noted != digest {
		return "", badDataf("study: %s: its SHA-256 is %s…, %s says %s…: one of them was changed", run.LineagePath(dir), digest[:12], filepath.Base(digestPath(dir)), noted[:12])
	}
	return digest, nil
}

// hasLineage reports whether the lineage itself is at hand.
func hasLineage(dir string) bool {
	_, err := os.Stat(run.LineagePath(dir))
	return err == nil
}
