package module_test

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"crawlbench/internal/module"
)

// In a copy of the source only the path in go.mod and in imports is changed. The program of the copy measures, its
// profiles have no frames of the harness, which are found by their names, and new requires the copy.
func TestModuleCanBeRenamed(t *testing.T) {
	if testing.Short() {
		t.Skip("builds all packages anew")
	}
	const renamed = "example.org/fork"
	old := module.Path()
	dir := t.TempDir()
	imports := regexp.MustCompile(`(?m)^(\s*(?:import )?(?:\w+ )?)"` + regexp.QuoteMeta(old) + `/`)
	err := filepath.WalkDir("../..", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel("../..", path)
		if err != nil {
			return err
		}
		if d.IsDir() {
			if name == ".git" || name == ".bin" || name == "results" {
				return fs.SkipDir
			}
			return os.MkdirAll(filepath.Join(dir, name), 0o777)
		}
		if !d.Type().IsRegular() {
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if name == "go.mod" {
			text = []byte(strings.Replace(string(text), "module "+old+"\n", "module "+renamed+"\n", 1))
		}
		if strings.HasSuffix(name, ".go") {
			text = imports.ReplaceAll(text, []byte(`$1"`+renamed+"/"))
		}
		return os.WriteFile(filepath.Join(dir, name), text, 0o666)
	})
	if err != nil {
		t.Fatal(err)
	}
	run := func(argv ...string) string {
		t.Helper()
		cmd := exec.Command(argv[0], argv[1:]...)
		cmd.Dir = dir
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %v\n%s", argv, err, out)
		}
		return string(out)
	}
	run("go", "build", "-o", "renamed", "./bench/cmd/crawlbench")
	tiny := "crawlers = [\"mutexmap\"]\nworkers = [2]\nrounds = 2\nsample = \"2ms\"\nrest = \"0s\"\n" +
		"[[graph]]\nname = \"g\"\nkind = \"hosts\"\npages = 3000\n" +
		"[profiles]\nkinds = [\"cpu\", \"block\", \"mutex\", \"wall\"]\nlength = \"300ms\"\n"
	if err := os.WriteFile(filepath.Join(dir, "tiny.toml"), []byte(tiny), 0o666); err != nil {
		t.Fatal(err)
	}
	run("./renamed", "run", "-force", "-progress", "none", "tiny.toml")
	profiles, err := filepath.Glob(filepath.Join(dir, "results/latest/profiles/*/*.pb.gz"))
	if err != nil || len(profiles) != 4 {
		t.Fatalf("profiles %q, %v", profiles, err)
	}
	for _, p := range profiles {
		for _, harness := range []string{"/internal/measure.(*Bench)", "/internal/profile.(*Collector)",
			"/internal/profile/breakdown.Crawl"} {
			if top := run("go", "tool", "pprof", "-top", "-nodecount=10000", p); strings.Contains(top, harness) {
				t.Errorf("%s has frames of the harness (%s):\n%s", filepath.Base(p), harness, top)
			}
		}
	}
	run("./renamed", "new", "mine")
	text, err := os.ReadFile(filepath.Join(dir, "mine", "main.go"))
	if err != nil || !strings.Contains(string(text), `"`+renamed+`/bench"`) {
		t.Errorf("new writes\n%s, %v", text, err)
	}
	run("go", "build", "-C", "mine", ".")
}

// Profiles and traces name a generic function differently; short, its names are the same.
func TestShortNamesOfFunctions(t *testing.T) {
	for name, want := range map[string]string{
		"main.main":                                                 "main.main",
		"example.org/a/b.(*c).d":                                    "b.(*c).d",
		"example.org/a/b.(*c[...]).d":                               "b.(*c[...]).d",
		"a/b.(*c[go.shape.uint32]).d":                               "b.(*c[...]).d",
		"a/b.c[go.shape.string].func1.2":                            "b.c[...].func1.2",
		"a/b.c[example.org/k/l.M]":                                  "b.c[...]",
		"a/b.c[go.shape.[]uint8,x/y.Z]-fm":                          "b.c[...]-fm",
		"a/b.c[go.shape.struct { F [2]x/y.Z; G map[string]int }].d": "b.c[...].d",
		"runtime.gopark":                                            "runtime.gopark",
		"aeshashbody":                                               "aeshashbody",
		"[blocked: lock]":                                           "[blocked: lock]",
		"[woken, waiting for a core]":                               "[woken, waiting for a core]",
		"(no stack)":                                                "(no stack)",
		"a/b.c[":                                                    "b.c[",
		"a/b.c]d[":                                                  "b.c]d[",
		"":                                                          "",
	} {
		got := module.Function(name)
		if got != want {
			t.Errorf("%q is %q, want %q", name, got, want)
		}
		if again := module.Function(got); again != got {
			t.Errorf("%q becomes %q: short names do not change", got, again)
		}
	}
}
