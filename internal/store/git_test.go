package store

import (
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// A run in a git repository is checked out unchanged, even if git converts line ends and does not support links.
func TestGitKeepsARunUnchanged(t *testing.T) {
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip(err)
	}
	repository := t.TempDir()
	git := func(args ...string) {
		t.Helper()
		cmd := exec.Command(
			"git",
			append(
				[]string{
					"-C",
					repository,
					"-c",
					"core.autocrlf=true",
					"-c",
					"core.eol=crlf",
					"-c",
					"core.symlinks=false",
					"-c",
					"user.name=x",
					"-c",
					"user.email=x@example.com",
				},
				args...)...)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v: %v: %s", cmd, err, out)
		}
	}
	git("init", "-q")
	results := filepath.Join(repository, "results")
	if err := os.Mkdir(results, 0o777); err != nil {
		t.Fatal(err)
	}
	run := filepath.Join(results, "run")
	r, err := Create(run, Manifest{ScenarioText: "a\nb\n"}, testPlan(1))
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Append(sampleOf(r.Plan(), r.Plan().Schedule[0])); err != nil {
		t.Fatal(err)
	}
	if err := r.WriteBench(); err != nil {
		t.Fatal(err)
	}
	r.Close()
	if err := SetLatest(results, "run"); err != nil {
		t.Fatal(err)
	}
	other := filepath.Join(repository, "other.txt")
	if err := os.WriteFile(other, []byte("a\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	before := snapshot(t, run)
	git("add", ".")
	git("commit", "-q", "-m", "x")
	for _, path := range []string{results, other} {
		if err := os.RemoveAll(path); err != nil {
			t.Fatal(err)
		}
	}
	git("checkout", "-q", ".")
	if text, err := os.ReadFile(other); err != nil || string(text) != "a\r\n" {
		t.Errorf("git does not convert line ends here: %q, %v", text, err)
	}
	if after := snapshot(t, run); !maps.Equal(before, after) {
		t.Errorf("%q, before %q", after, before)
	}
	if info, err := os.Lstat(filepath.Join(results, latest)); err != nil || !info.Mode().IsRegular() {
		t.Errorf("git created a link: %v", err)
	}
	wantLatest(t, results, "run")
}
