package cli

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"runtime"
	"runtime/debug"
	"strings"
	"text/tabwriter"

	"crawlbench/internal/module"
	"crawlbench/internal/plain/shell"
)

// version prints the build information of this program.
func (a *app) version(_ context.Context, fs *flag.FlagSet, args []string) error {
	if _, err := parse(fs, args, 0, 0); err != nil {
		return err
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return errors.New("version: the program has no build information: build it with go build, in module mode")
	}
	printVersion(a.out, info, runtime.GOOS+"/"+runtime.GOARCH) // a.out keeps its error
	return nil
}

// printVersion prints build information: the main module, this module if it is not the main one,
// the commit, the version of Go, the platform and the build flags.
func printVersion(out io.Writer, info *debug.BuildInfo, platform string) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "module\t%s\n", moduleVersion(&info.Main))
	for _, d := range info.Deps {
		if d.Path == module.Path() { // a program that imports bench
			fmt.Fprintf(w, "requires\t%s\n", moduleVersion(d))
		}
	}
	vcs, flags := map[string]string{}, []string{}
	for _, s := range info.Settings {
		switch {
		case strings.HasPrefix(s.Key, "vcs"):
			vcs[s.Key] = s.Value
		case s.Value != "" && s.Key != "GOOS" && s.Key != "GOARCH":
			flags = append(flags, shell.Word(s.Key+"="+s.Value))
		}
	}
	fmt.Fprintf(w, "commit\t%s\n", commit(vcs))
	fmt.Fprintf(w, "go\t%s\n", info.GoVersion)
	fmt.Fprintf(w, "platform\t%s\n", platform)
	fmt.Fprintf(w, "flags\t%s\n", strings.Join(flags, " "))
	return w.Flush()
}

// moduleVersion returns the path and version of a module, and its replacement.
func moduleVersion(m *debug.Module) string {
	text := m.Path
	if m.Version != "" {
		text += " " + m.Version
	}
	if m.Replace != nil {
		text += " => " + moduleVersion(m.Replace)
	}
	return text
}

// commit returns the commit that the go command recorded.
func commit(vcs map[string]string) string {
	if vcs["vcs.revision"] == "" {
		return "not recorded"
	}
	text := vcs["vcs.revision"]
	if vcs["vcs.time"] != "" {
		text += " " + vcs["vcs.time"]
	}
	if vcs["vcs.modified"] == "true" {
		text += ", modified"
	}
	return text
}
