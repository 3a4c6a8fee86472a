package cli

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"go/token"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime/debug"
	"slices"
	"strings"
	"syscall"

	"crawlbench/internal/crawl"
	"crawlbench/internal/module/starter"
	"crawlbench/internal/plain/shell"
)

// startModule writes a module with a crawler of its own into a new or empty directory.
func (a *app) startModule(ctx context.Context, flags *flag.FlagSet, args []string) error {
	kinds := map[starter.Kind]*bool{
		starter.Set:     flags.Bool("set", false, "write a program with a visited set on the shared engine (default)"),
		starter.Crawler: flags.Bool("crawler", false, "write a program whose crawler does not use the shared engine"),
		starter.Test:    flags.Bool("test", false, "write a package without a program: a visited set, to test and benchmark with \"go test\""),
	}
	checkout := flags.String("checkout", "", "`directory` of the source of crawlbench (default: where this program was built)")
	positional, err := parse(flags, args, 1, 1)
	if err != nil {
		return err
	}
	kind, given := starter.Set, 0
	for k, set := range kinds {
		if *set {
			kind = k
			given++
		}
	}
	if given > 1 {
		return usagef("new: -set, -crawler and -test exclude each other: use one of them")
	}
	dir := positional[0]
	info, _ := debug.ReadBuildInfo()
	from, err := starter.Find(info, *checkout)
	if err != nil {
		return fmt.Errorf("new: %w", err)
	}
	name := a.newName(dir)
	from.Workspace = workspace(ctx, dir)
	files, err := starter.Files(kind, name, from)
	if err != nil {
		return fmt.Errorf("new: %w", err)
	}
	if err := writeNew(dir, files); err != nil {
		return fmt.Errorf("new: %w", err)
	}
	a.prose(fmt.Sprintf("%s has a module with the crawler %s. Next:", dir, name))
	fmt.Fprintf(a.out, "  cd %s\n", shell.Word(dir))
	var next [][]string
	if from.Published() {
		next = append(next, []string{"go mod tidy", ""})
	}
	next = append(next, []string{"make test", "check that it keeps the contract"})
	if kind != starter.Test {
		next = append(next, []string{"make bench", "measure it beside mutexmap, in less than a minute"})
	}
	a.screen.List(a.raw, append(next, []string{"make microbench", "measure it with \"go test -bench\""}))
	if from.Workspace != "" {
		a.prose(fmt.Sprintf("note: %s does not list this module, so the Makefile sets GOWORK=off. For go commands of your "+
			"own, set it too, or add the module with \"go work use\".", from.Workspace))
	}
	return nil
}

// workspace returns the go.work file that go commands in dir would use, "" if there is none. dir need not exist yet.
func workspace(ctx context.Context, dir string) string {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return ""
	}
	for at := abs; at != filepath.Dir(at); at = filepath.Dir(at) {
		if info, err := os.Stat(at); err == nil && info.IsDir() {
			cmd := exec.CommandContext(ctx, "go", "env", "GOWORK")
			cmd.Dir = at
			out, err := cmd.Output()
			if file := strings.TrimSpace(string(out)); err == nil && file != "off" {
				return file
			}
			return ""
		}
	}
	return ""
}

// newName returns the name of the crawler of a module in dir: the directory's name, or "mine" if that is not valid.
func (a *app) newName(dir string) string {
	if abs, err := filepath.Abs(dir); err == nil {
		dir = abs
	}
	name := filepath.Base(dir)
	taken := slices.ContainsFunc(a.crawlers, func(c crawl.Crawler) bool { return c.Name == name })
	if taken || name == "main" || token.IsKeyword(name) ||
		!regexp.MustCompile(`^[a-z][a-z0-9]{0,20}$`).MatchString(name) {
		return "mine"
	}
	return name
}

// writeNew writes files into a new or empty directory.
func writeNew(dir string, files []starter.File) error {
	list, err := os.ReadDir(dir)
	if errors.Is(err, syscall.ENOTDIR) {
		return fmt.Errorf("%s is a file, or below one: want a new or an empty directory", dir)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if len(list) > 0 {
		return fmt.Errorf("%s is not empty: want a new or an empty directory", dir)
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	for _, f := range files {
		if err := os.WriteFile(filepath.Join(dir, f.Name), []byte(f.Text), 0o666); err != nil {
			return err
		}
	}
	return nil
}
