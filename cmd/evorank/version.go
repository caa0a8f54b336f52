package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/urfave/cli/v2"
)

func versionCommand() *cli.Command {
	return &cli.Command{
		Name: "version", Usage: "print version, commit and platform",
		Action: func(c *cli.Context) error {
			printVersion(c)
			return nil
		},
	}
}

func init() { cli.VersionPrinter = printVersion } // of --version

func printVersion(c *cli.Context) {
	fmt.Fprintf(c.App.Writer, "evorank %s %s %s/%s\n", version(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
}

// release is the version of the source; the commit comes from the build.
const release = "0.1.0"

// version names the release and, if the build knows it, the commit.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return release
	}
	text, dirty := release, ""
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision" && len(s.Value) >= 12:
			text += "+" + s.Value[:12]
		case s.Key == "vcs.modified" && s.Value == "true":
			dirty = "-dirty"
		}
	}
	return text + dirty
}
