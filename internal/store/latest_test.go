package store

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestNamesAreNew(t *testing.T) {
	results := t.TempDir()
	now := time.Date(2026, 11, 23, 16, 15, 2, 0, time.UTC)
	for _, want := range []string{"my_quick-20261123-161502", "my_quick-20261123-161502_2", "my_quick-20261123-161502_3"} {
		name := NewName(results, "my_quick", now)
		if name != want {
			t.Errorf("name %s, want %s", name, want)
		}
		if err := os.Mkdir(filepath.Join(results, name), 0o777); err != nil {
			t.Fatal(err)
		}
	}
}

func TestLatest(t *testing.T) {
	results := t.TempDir()
	_, err := Latest(results)
	wantError(t, err, results, "crawlbench run")
	for _, name := range []string{"one", "two"} {
		if err := SetLatest(results, name); err != nil {
			t.Fatal(err)
		}
		if dir, err := Latest(results); err != nil || dir != filepath.Join(results, name) {
			t.Errorf("latest is %s, %v; want %s", dir, err, name)
		}
	}
	if files, err := os.ReadDir(results); err != nil || len(files) != 1 {
		t.Errorf("left in %s: %v, %v", results, files, err)
	}
	link := filepath.Join(results, latest)
	if err := os.Remove(link); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(link, []byte("mine"), 0o666); err != nil {
		t.Fatal(err)
	}
	wantError(t, SetLatest(results, "one"), link, "move it away")
	_, err = Latest(results)
	wantError(t, err, link, "no symbolic link")
	if text, err := os.ReadFile(link); err != nil || string(text) != "mine" {
		t.Errorf("the file in its place has become %q, %v", text, err)
	}
	wantError(t, SetLatest(filepath.Join(results, "none"), "one"), "no such file", filepath.Join("none", "one"))
}
