package bench_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// indented returns the first indented block of README.md that begins with the given text, without its indentation.
func indented(t *testing.T, begin string) string {
	t.Helper()
	text, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found := strings.Cut(string(text), "\n\n    "+begin)
	if !found {
		t.Fatalf("README.md has no block that begins with %q", begin)
	}
	block := begin
	for line := range strings.Lines(rest) {
		code, in := strings.CutPrefix(line, "    ")
		if !in && block != begin && strings.TrimSpace(line) != "" {
			break
		}
		if block == begin {
			code = line
		}
		block += code
	}
	return strings.TrimRight(block, "\n") + "\n"
}

// environment returns an environment in which home is the home directory, and Go's caches are those of this process.
func environment(t *testing.T, home string) []string {
	t.Helper()
	env := append(os.Environ(), "HOME="+home)
	for _, name := range []string{"GOPATH", "GOCACHE", "GOMODCACHE"} {
		dir, err := exec.Command("go", "env", name).Output()
		if err != nil {
			t.Fatal(err)
		}
		env = append(env, name+"="+strings.TrimSpace(string(dir)))
	}
	return env
}

// The commands in README.md, typed as they are, make and check the program that it shows, and the program measures.
func TestReadmeProgramRuns(t *testing.T) {
	if testing.Short() {
		t.Log("skipped with -short, because it builds a program")
		return
	}
	home := t.TempDir()
	env := environment(t, home)
	run := func(dir, script string) string {
		t.Helper()
		cmd := exec.Command("sh", "-ec", script)
		cmd.Dir, cmd.Env = dir, env
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%s: %v\n%s", script, err, out)
		}
		return string(out)
	}
	run("..", indented(t, "make build\n"))
	mine := filepath.Join(home, "mine")
	made, err := os.ReadFile(filepath.Join(mine, "main.go"))
	if err != nil {
		t.Fatal(err)
	}
	shown := indented(t, "package main\n")
	if got := strings.ReplaceAll(string(made), "\t", "    "); got != shown {
		t.Errorf("new writes\n%s\nREADME.md shows\n%s", got, shown)
	}
	if lines := strings.Count(shown, "\n"); lines >= 40 {
		t.Errorf("the program has %d lines, want fewer than 40", lines)
	}
	tiny := "crawlers = [\"mutexmap\", \"mine\"]\nkeys = [\"id\", \"url\"]\nworkers = [2]\nrounds = 3\nsample = \"2ms\"\n" +
		"rest = \"0s\"\n[[graph]]\nname = \"g\"\nkind = \"hosts\"\npages = 300\n"
	if err := os.WriteFile(filepath.Join(mine, "tiny.toml"), []byte(tiny), 0o666); err != nil {
		t.Fatal(err)
	}
	run(mine, "go build -o .bin/mine .")
	for script, want := range map[string]string{
		".bin/mine run -progress none -force tiny.toml":                          "  mine ",
		".bin/mine list crawlers":                                                "mine ",
		"go test -run '^$' -bench Crawl/./hosts/keys=id/workers=1 -benchtime 1x": "BenchmarkCrawl/impl=mine/graph=hosts16k/keys=id/workers=1/",
	} {
		if out := run(mine, script); !strings.Contains(out, want) {
			t.Errorf("%s: no %q in\n%s", script, want, out)
		}
	}
}
