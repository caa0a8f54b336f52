package gputest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// opens are the functions that a test calls to get at a GPU.
var opens = map[string]bool{"gputest.Open": true, "hardware": true, "needGPU": true}

// gpuTest is how run.sh chooses.
var gpuTest = regexp.MustCompile(`GPU|Hardware`)

// TestNamesSayGPU: run.sh finds GPU tests by their names, so a test that opens
// a GPU has one that says so.
func TestNamesSayGPU(t *testing.T) {
	found := 0
	err := filepath.WalkDir("../..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() && strings.HasPrefix(d.Name(), ".") && d.Name() != ".." {
			return skipFolder(err)
		}
		if !strings.HasSuffix(path, "_test.go") {
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			return err
		}
		for _, declared := range file.Decls {
			f, ok := declared.(*ast.FuncDecl)
			if !ok || f.Recv != nil || !strings.HasPrefix(f.Name.Name, "Test") || !opensGPU(f) {
				continue
			}
			found++
			if !gpuTest.MatchString(f.Name.Name) {
				t.Errorf("%s: %s opens a GPU and its name does not say GPU or Hardware: run.sh would not run it", path, f.Name.Name)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if found < 15 {
		t.Errorf("only %d tests that open a GPU were found", found)
	}
}

// skipFolder leaves out a folder unless there is an error to report.
func skipFolder(err error) error {
	if err != nil {
		return err
	}
	return filepath.SkipDir
}

func opensGPU(f *ast.FuncDecl) bool {
	found := false
	ast.Inspect(f, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return true
		}
		switch name := call.Fun.(type) {
		case *ast.Ident:
			found = found || opens[name.Name]
		case *ast.SelectorExpr:
			of, ok := name.X.(*ast.Ident)
			found = found || ok && opens[of.Name+"."+name.Sel.Name]
		}
		return true
	})
	return found
}

// TestScriptsAreThere: the folder is made by make.sh and run by run.sh.
func TestScriptsAreThere(t *testing.T) {
	for _, name := range []string{"make.sh", "run.sh"} {
		info, err := os.Stat(name)
		if err != nil || info.Mode()&0o111 == 0 {
			t.Errorf("%s: %v, not to be run", name, err)
		}
	}
}
