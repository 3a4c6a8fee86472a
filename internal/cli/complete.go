package cli

import (
	"context"
	_ "embed"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"crawlbench/internal/conform"
	"crawlbench/internal/importer"
	"crawlbench/internal/plain/shell"
	"crawlbench/internal/plan"
	"crawlbench/internal/report"
	"crawlbench/internal/store"
	"crawlbench/internal/web/server"
	"crawlbench/scenarios"
)

// completeVerb is the command that completion scripts call with the words of a command line; it prints what the last
// one may become, a word in each line.
const completeVerb = "__complete"

//go:embed completion/bash
var bashCompletion string

//go:embed completion/zsh
var zshCompletion string

//go:embed completion/fish
var fishCompletion string

// completion prints the completion script of a shell.
func (a *app) completion(_ context.Context, fs *flag.FlagSet, args []string) error {
	positional, err := parse(fs, args, 1, 1)
	if err != nil {
		return err
	}
	script, ok := map[string]string{"bash": bashCompletion, "zsh": zshCompletion, "fish": fishCompletion}[positional[0]]
	if !ok {
		return usagef("completion: unknown shell %q: want bash, zsh or fish", positional[0])
	}
	name := filepath.Base(os.Args[0])
	if !regexp.MustCompile(`^[A-Za-z0-9_.-]+$`).MatchString(name) {
		return fmt.Errorf("completion: cannot complete a program called %q: rename it to letters, digits and . _ -", name)
	}
	function := regexp.MustCompile(`[.-]`).ReplaceAllString(name, "_")
	fmt.Fprint(a.out, strings.NewReplacer("NAME", name, "FUNCTION", function).Replace(script))
	return nil
}

// complete prints the completions of the last of words.
func (a *app) complete(ctx context.Context, words []string) error {
	if len(words) == 0 {
		return nil
	}
	last := words[len(words)-1]
	for _, text := range a.candidates(ctx, words[:len(words)-1], last) {
		if strings.HasPrefix(text, last) && shell.Word(text) == text {
			fmt.Fprintln(a.out, text)
		}
	}
	return nil
}

// candidates returns what may follow the words before. Nothing means a file.
func (a *app) candidates(ctx context.Context, before []string, last string) (list []string) {
	all := commands()
	if len(before) == 0 {
		for _, c := range all {
			list = append(list, c.name)
		}
		for _, c := range a.more {
			if c.Doc != "" {
				list = append(list, c.Name)
			}
		}
		return append(list, "help")
	}
	i := slices.IndexFunc(all, func(c command) bool { return c.name == before[0] })
	if i < 0 {
		return nil
	}
	fs := newFlags(all[i])
	a.addCommon(fs)
	all[i].run(a, ctx, fs, []string{"-help"}) // it declares its flags, and ends
	if strings.HasPrefix(last, "-") {
		fs.VisitAll(func(f *flag.Flag) { list = append(list, "-"+f.Name) })
		return list
	}
	previous := before[len(before)-1]
	if f := fs.Lookup(strings.TrimLeft(previous, "-")); f != nil && strings.HasPrefix(previous, "-") {
		if b, ok := f.Value.(interface{ IsBoolFlag() bool }); !ok || !b.IsBoolFlag() {
			return a.valuesOf(all[i].name, f.Name, last)
		}
	}
	results := "results"
	if i := slices.Index(before, "-results"); i >= 0 && i+1 < len(before) {
		results = before[i+1]
	}
	return a.argumentsOf(all[i].name, results)
}

// valuesOf returns the values of a flag; those of a list begin with what is there.
func (a *app) valuesOf(verb, name, last string) []string {
	switch name {
	case "format":
		switch verb {
		case "report":
			return report.Formats()
		case "list":
			return []string{"text", "json"}
		case "import":
			return importer.Names()
		}
		return report.ChangesFormats()
	case "profile":
		return plan.ProfileKinds()
	case "progress":
		return []string{"auto", "plain", "line", "none"}
	case "unit":
		return append(store.Units(), "all")
	case "baseline":
		return a.names()
	case "crawlers":
		return listed(last, a.names())
	case "set":
		var names []string
		for _, share := range new(server.Shares).Fields() {
			names = append(names, share.Name+"=")
		}
		return listed(last, names)
	case "limiter":
		return listed(last, a.limiterNames())
	case "checks":
		var names []string
		for _, c := range conform.Checks() {
			names = append(names, c.Name)
		}
		return listed(last, names)
	}
	return nil
}

// listed returns names as the next of a list separated by commas.
func listed(last string, names []string) []string {
	before := last[:strings.LastIndexByte(last, ',')+1]
	for i := range names {
		names[i] = before + names[i]
	}
	return names
}

// argumentsOf returns the arguments of a command.
func (a *app) argumentsOf(verb, results string) []string {
	switch verb {
	case "run", "graph", "scenario", "site":
		return scenarios.Names()
	case "compare", "report", "serve", "export", "explain", "causal":
		names, _ := store.Runs(results)
		return append(names, "latest")
	case "conform":
		return a.names()
	case "list":
		return lists()
	case "completion":
		return []string{"bash", "zsh", "fish"}
	}
	return nil
}

func (a *app) names() (list []string) {
	for _, c := range a.crawlers {
		list = append(list, c.Name)
	}
	return list
}
