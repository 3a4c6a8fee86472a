package cli

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"runtime/debug"
	"strings"
	"testing"
)

func TestErrorsBecomeExitCodes(t *testing.T) {
	for _, test := range []struct {
		err  error
		code int
		says string
	}{
		{nil, 0, ""},
		{flag.ErrHelp, 0, ""},
		{errors.New("disk full"), 1, "crawlbench: disk full\n"},
		{context.Canceled, 1, "crawlbench: context canceled\n"},
		{usagef("run: two scenarios"), 2, "crawlbench: run: two scenarios\n"},
		{fmt.Errorf("resume: %w", usagef("which?")), 2, "crawlbench: resume: which?\n"},
		{exitError{exitRegression, errors.New("slower")}, 3, "crawlbench: slower\n"},
		{exitError{code: exitCrawlFailed}, 4, ""},
		{fmt.Errorf("compare: %w", exitError{exitNotComparable, errors.New("other graphs")}), 5,
			"crawlbench: other graphs\n"},
		{exitError{code: exitInterrupted}, 130, ""},
	} {
		var errs strings.Builder
		if code := (&app{err: &errs}).code(test.err); code != test.code || errs.String() != test.says {
			t.Errorf("%v: exit code %d, %q; want %d, %q", test.err, code, &errs, test.code, test.says)
		}
	}
}

// The public documentation has every exit code with the text of help.
func TestExitCodesAreDocumented(t *testing.T) {
	text, err := os.ReadFile("../../bench/bench.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range exitCodes() {
		if line := fmt.Sprintf("//\t%3d  %s\n", c.code, c.doc); !strings.Contains(string(text), line) {
			t.Errorf("package bench does not document %q", line)
		}
	}
}

func TestVersion(t *testing.T) {
	here := &debug.BuildInfo{GoVersion: "go1.26.8", Main: debug.Module{Path: "crawlbench", Version: "(devel)"}}
	settings := []debug.BuildSetting{
		{Key: "-ldflags", Value: "-s -w"}, {Key: "-tags", Value: ""}, {Key: "CGO_ENABLED", Value: "0"},
		{Key: "GOOS", Value: "plan9"}, {Key: "GOARCH", Value: "arm"},
		{Key: "vcs", Value: "git"}, {Key: "vcs.revision", Value: "0123abc"},
		{Key: "vcs.time", Value: "2026-01-02T03:04:05Z"}, {Key: "vcs.modified", Value: "false"},
	}
	changed := append([]debug.BuildSetting{}, settings...)
	changed[len(changed)-1].Value = "true"
	mine := &debug.BuildInfo{GoVersion: "go1.26.8", Main: debug.Module{Path: "example.org/mine", Version: "v1.2.3"},
		Deps: []*debug.Module{
			{Path: "golang.org/x/sys", Version: "v0.1.0"},
			{Path: "crawlbench", Version: "v0.5.0", Replace: &debug.Module{Path: "../crawlbench"}}}}
	for name, test := range map[string]struct {
		info     *debug.BuildInfo
		settings []debug.BuildSetting
		want     string
	}{
		"this module": {here, settings, `module    crawlbench (devel)
commit    0123abc 2026-01-02T03:04:05Z
go        go1.26.8
platform  linux/amd64
flags     '-ldflags=-s -w' CGO_ENABLED=0
`},
		"a modified tree": {here, changed, `module    crawlbench (devel)
commit    0123abc 2026-01-02T03:04:05Z, modified
go        go1.26.8
platform  linux/amd64
flags     '-ldflags=-s -w' CGO_ENABLED=0
`},
		"another module, built without a repository": {mine, nil, `module    example.org/mine v1.2.3
requires  crawlbench v0.5.0 => ../crawlbench
commit    not recorded
go        go1.26.8
platform  linux/amd64
flags     
`},
	} {
		var out strings.Builder
		info := *test.info
		info.Settings = test.settings
		if err := printVersion(&out, &info, "linux/amd64"); err != nil || out.String() != test.want {
			t.Errorf("%s: %v\n%swant\n%s", name, err, &out, test.want)
		}
	}
}
