package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"strings"
	"text/tabwriter"

	"crawlbench/internal/conform"
	"crawlbench/internal/conform/yield"
	"crawlbench/internal/host"
)

// stress runs the suite with seeds schedules on one processor, with random yields in the packages
// that match patterns. With compare it also runs it without yields.
func (a *app) stress(ctx context.Context, s conform.Suite, patterns []string, seeds int, compare bool) error {
	if seeds < 1 {
		return usagef("conform: invalid -seeds %d: want at least 1", seeds)
	}
	dir, err := host.TempDir("crawlbench-yield-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	exe, err := a.rebuild(ctx, "-yield", dir, patterns, yield.Overlay)
	if err != nil {
		return err
	}
	type subject struct{ crawler, keys, check string }
	var order []subject
	found, hidden, text := map[subject]int{}, map[subject]int{}, map[subject]string{}
	done := 0
	for seed := 1; seed <= seeds && ctx.Err() == nil; seed++ {
		try := func(value string) []conform.Result {
			s.Command = func(crawler, keys, check string) *exec.Cmd {
				cmd := checkCommand(ctx, exe, crawler, keys, check)
				cmd.Env = append(cmd.Environ(), "GOMAXPROCS=1", yield.Variable+"="+value)
				return cmd
			}
			return s.Run(ctx)
		}
		verdicts := try(strconv.Itoa(seed))
		if ctx.Err() != nil {
			break // an interrupted schedule does not count
		}
		done++
		for _, v := range verdicts {
			at := subject{v.Crawler, v.Keys, v.Check}
			if seed == 1 {
				order = append(order, at)
			}
			if !v.Kind.OK() {
				if found[at]++; found[at] == 1 {
					summary, _, _ := strings.Cut(v.Text, "\n")
					text[at] = fmt.Sprintf("seed %d: %s: %s", seed, v.Kind, summary)
				}
			}
		}
		if compare {
			for _, v := range try("0") {
				if !v.Kind.OK() && ctx.Err() == nil {
					hidden[subject{v.Crawler, v.Keys, v.Check}]++
				}
			}
		}
	}
	if done < seeds {
		fmt.Fprintf(a.out, "interrupted after %d of %d schedules of one processor:\n", done, seeds)
	} else {
		fmt.Fprintf(a.out, "%d schedules of one processor:\n", done)
	}
	w := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
	wrong := false
	quiet := map[string]int{} // number of checks that found nothing
	for i, at := range order {
		name := at.crawler + "\t" + at.keys
		wrong = wrong || (found[at] > 0) != (compare && !isRight(at.crawler))
		switch {
		case compare:
			fmt.Fprintf(w, "  %s\t%s\tfound by %d\twithout yields by %d\t%s\n", name, at.check, found[at], hidden[at],
				text[at])
			continue
		case found[at] > 0:
			fmt.Fprintf(w, "  %s\t%s found by %d\t%s\n", name, at.check, found[at], text[at])
		default:
			quiet[name]++
		}
		if last := i+1 == len(order) || order[i+1].crawler != at.crawler || order[i+1].keys != at.keys; last {
			fmt.Fprintf(w, "  %s\t%d checks found nothing\t\n", name, quiet[name])
		}
	}
	w.Flush()
	switch {
	case wrong && compare:
		return exitError{exitCrawlFailed,
			errors.New("some schedule fails the correct crawler, or a mutant passes all schedules")}
	case wrong:
		return exitError{code: exitCrawlFailed}
	}
	return nil
}

// rebuild builds this program with an overlay of the packages that match patterns, and returns its path in dir. Errors
// begin with what.
func (a *app) rebuild(ctx context.Context, what, dir string, patterns []string,
	lay func(dir string, packages []yield.Package) (string, error)) (string, error) {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Path == "" || info.Path == "command-line-arguments" {
		return "", errors.New(what + ": the package of this program is unknown: build it by package path, as in \"go build ./cmd/mine\", and run it inside its module")
	}
	list := exec.CommandContext(ctx, "go", append([]string{"list", "-json=Name,Dir,GoFiles"}, patterns...)...)
	list.Stderr = a.err
	out, err := list.Output()
	if err != nil {
		return "", fmt.Errorf("%s: go list: %w: run crawlbench inside the module of %s, with Go installed", what, err,
			info.Path)
	}
	var packages []yield.Package
	for dec := json.NewDecoder(bytes.NewReader(out)); dec.More(); {
		var p yield.Package
		if err := dec.Decode(&p); err != nil {
			return "", err
		}
		packages = append(packages, p)
	}
	overlay, err := lay(dir, packages)
	if err != nil {
		return "", err
	}
	exe := filepath.Join(dir, "program")
	build := exec.CommandContext(ctx, "go", "build", "-overlay", overlay, "-o", exe, info.Path)
	build.Stderr = a.err
	if err := build.Run(); err != nil {
		return "", fmt.Errorf("%s: go build: %w", what, err)
	}
	return exe, nil
}
