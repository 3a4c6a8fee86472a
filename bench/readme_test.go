package bench_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// readmeProgram returns the program that README.md shows.
func readmeProgram(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	var program strings.Builder
	inside := false
	for line := range strings.Lines(string(text)) {
		code, indented := strings.CutPrefix(line, "    ")
		if strings.HasPrefix(code, "package main") {
			inside = true
		}
		if inside && !indented && strings.TrimSpace(line) != "" {
			break
		}
		if inside {
			program.WriteString(code)
		}
	}
	return program.String()
}

// The program in README.md builds and measures, in a separate module that requires this one.
func TestReadmeProgramRuns(t *testing.T) {
	if testing.Short() {
		t.Log("skipped with -short, because it builds a program")
		return
	}
	root, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	sums, err := os.ReadFile("../go.sum")
	if err != nil {
		t.Fatal(err)
	}
	program := readmeProgram(t)
	if lines := strings.Count(program, "\n"); lines >= 40 {
		t.Errorf("the program has %d lines, want fewer than 40", lines)
	}
	dir := t.TempDir()
	for name, text := range map[string]string{
		"main.go": program,
		"go.mod":  "module mine\n\ngo 1.26.0\n\nrequire crawlbench v0.0.0\n\nreplace crawlbench => " + root + "\n",
		"go.sum":  string(sums),
		"tiny.toml": "crawlers = [\"mutexmap\", \"mine\"]\nkeys = [\"id\", \"url\"]\nworkers = [2]\nrounds = 3\nsample = \"2ms\"\n" +
			"[[graph]]\nname = \"g\"\nkind = \"hosts\"\npages = 300\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	for _, argv := range [][]string{
		{"go", "build", "-mod=mod", "-o", "mine", "."},
		{"./mine", "run", "-progress", "none", "tiny.toml"},
		{"./mine", "list", "crawlers"},
		{"./mine", "conform", "mine"},
	} {
		cmd := exec.Command(argv[0], argv[1:]...)
		cmd.Dir = dir
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %v\n%s", argv, err, out)
		}
		if argv[1] != "build" && !strings.Contains(string(out), "mine") {
			t.Errorf("%v: no crawler mine in\n%s", argv, out)
		}
	}
}
