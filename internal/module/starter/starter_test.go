package starter

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"strings"
	"testing"

	"crawlbench/internal/module"
)

// write writes the files of a module into a directory, below a workspace if that is not "".
func write(t *testing.T, kind Kind, dir, workspace string) {
	t.Helper()
	from, err := Find(nil, "")
	if err != nil {
		t.Fatal(err)
	}
	from.Workspace = workspace
	files, err := Files(kind, "mine", from)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if err := os.WriteFile(filepath.Join(dir, f.Name), []byte(f.Text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
}

// Every module passes vet, which builds it and its tests, without a change of go.mod and without a network.
func TestModulesBuildAtOnce(t *testing.T) {
	for _, kind := range []Kind{Set, Crawler, Test} {
		cmd := exec.Command("go", "vet", "-mod=readonly", "./...")
		cmd.Dir = t.TempDir()
		write(t, kind, cmd.Dir, "")
		cmd.Env = append(os.Environ(), "GOPROXY=off", "GOFLAGS=")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", kind, err, out)
		}
		text, err := os.ReadFile(filepath.Join(cmd.Dir, "Makefile"))
		if lines := strings.Count(string(text), "\n"); err != nil || lines != 3 {
			t.Errorf("%s: the Makefile has %d lines, want 3; %v", kind, lines, err)
		}
	}
}

// Make expands dollar signs, so what a Makefile says is not always what the shell gets.
func TestMakefilesRunOnlyBenchmarksInMicrobench(t *testing.T) {
	if _, err := exec.LookPath("make"); err != nil {
		t.Skip(err)
	}
	for _, kind := range []Kind{Set, Crawler, Test} {
		cmd := exec.Command("make", "--no-print-directory", "-n", "microbench")
		cmd.Dir = t.TempDir()
		cmd.Env = append(os.Environ(), "MAKEFLAGS=") // of the make that runs this test, if any
		write(t, kind, cmd.Dir, "")
		want := "go test -run '^$' -bench .\n"
		if out, err := cmd.CombinedOutput(); err != nil || string(out) != want {
			t.Errorf("%s: make microbench runs %q, want %q; %v", kind, out, want, err)
		}
	}
}

// Below a go.work that lists other modules, plain go commands fail, and those of the Makefile do not.
func TestModulesBuildBelowAForeignWorkspace(t *testing.T) {
	if _, err := exec.LookPath("make"); err != nil {
		t.Skip(err)
	}
	root := t.TempDir()
	work := filepath.Join(root, "go.work")
	if err := os.WriteFile(work, []byte("go 1.26.0\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	run := func(workspace string) ([]byte, error) {
		dir := filepath.Join(root, "mine"+filepath.Base(workspace))
		if err := os.Mkdir(dir, 0o777); err != nil {
			t.Fatal(err)
		}
		write(t, Test, dir, workspace)
		cmd := exec.Command("make", "vet")
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "GOPROXY=off", "GOFLAGS=", "GOWORK=")
		return cmd.CombinedOutput()
	}
	if out, err := run(""); err == nil {
		t.Errorf("a workspace that does not list the module has no effect: this test shows nothing\n%s", out)
	}
	if out, err := run(work); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

func TestPublishedModulesAreRequiredByVersion(t *testing.T) {
	this := func(version, sum string) debug.Module {
		return debug.Module{Path: module.Path(), Version: version, Sum: sum}
	}
	required := this("v2.0.0", "h1:x")
	replaced := this("v1.2.3", "")
	replaced.Replace = &debug.Module{Path: "../checkout"}
	for what, test := range map[string]struct {
		info *debug.BuildInfo
		want string
	}{
		"installed":        {&debug.BuildInfo{Main: this("v1.2.3", "h1:x")}, "v1.2.3"},
		"required":         {&debug.BuildInfo{Deps: []*debug.Module{{Path: "a"}, &required}}, "v2.0.0"},
		"replaced":         {&debug.BuildInfo{Deps: []*debug.Module{&replaced}}, ""},
		"built from a git": {&debug.BuildInfo{Main: this("v0.0.0-20260101000000-abcdef012345+dirty", "")}, ""},
	} {
		from, err := Find(test.info, "")
		if err != nil || from.version != test.want || from.Published() != (test.want != "") {
			t.Errorf("%s: %+v, %v, want version %q", what, from, err, test.want)
		}
		text := from.goMod("mine")
		if test.want != "" && (!strings.Contains(text, "require "+module.Path()+" "+test.want+"\n") ||
			strings.Contains(text, "replace")) {
			t.Errorf("%s: go.mod is\n%s", what, text)
		}
	}
}

func TestPathsAreQuotedAsGoModNeedsIt(t *testing.T) {
	from := Source{checkout: "/home/a b/crawlbench", golang: "1.26.0"}
	if text := from.goMod("mine"); !strings.Contains(text, ` => "/home/a b/crawlbench"`) {
		t.Errorf("go.mod is\n%s", text)
	}
}
