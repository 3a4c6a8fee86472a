package store

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

func TestNamesAreUnique(t *testing.T) {
	results := t.TempDir()
	now := time.Date(2026, 11, 23, 16, 15, 2, 0, time.UTC)
	for _, want := range []string{
		"my_quick-20261123-161502", "my_quick-20261123-161502_2", "my_quick-20261123-161502_3",
	} {
		name := NewName(results, "my_quick", now)
		if name != want {
			t.Errorf("name %s, want %s", name, want)
		}
		if err := os.Mkdir(filepath.Join(results, name), 0o777); err != nil {
			t.Fatal(err)
		}
	}
}

// someRuns creates runs that started one after the other.
func someRuns(t *testing.T, results string, names ...string) {
	t.Helper()
	for i, name := range names {
		m := Manifest{Started: time.Date(2026, 1, 1, 0, i, 0, 0, time.UTC)}
		r, err := Create(filepath.Join(results, name), m, testPlan(1))
		if err != nil {
			t.Fatal(err)
		}
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func wantLatest(t *testing.T, results, want string) {
	t.Helper()
	if dir, err := Latest(results); err != nil || dir != filepath.Join(results, want) {
		t.Errorf("latest is %s, %v; want %s", dir, err, want)
	}
}

func TestLatest(t *testing.T) {
	results := t.TempDir()
	_, err := Latest(results)
	wantError(t, err, results, "crawlbench run")
	someRuns(t, results, "one", "two", "three-20260102-030405")
	for _, name := range []string{"one", "two"} {
		if err := SetLatest(results, name); err != nil {
			t.Fatal(err)
		}
		wantLatest(t, results, name)
	}
	if files, err := os.ReadDir(results); err != nil || len(files) != 4 {
		t.Errorf("files in %s: %v, %v", results, files, err)
	}
	wantError(t, SetLatest(filepath.Join(results, "none"), "one"), "no such file", filepath.Join("none", "one"))
}

// The newest run is found whatever a copy, a checkout or an archive did to the link, and SetLatest replaces the link
// unless it is a user's file.
func TestLatestAfterACopy(t *testing.T) {
	const newest = "three-20260102-030405"
	for what, test := range map[string]struct {
		put     func(link string) error
		leads   string
		refused bool // to be replaced
	}{
		"nothing": {func(string) error { return nil }, newest, false},
		"a link":  {func(link string) error { return os.Symlink("one", link) }, "one", false},
		"an absolute link": {
			func(link string) error { return os.Symlink(filepath.Join(filepath.Dir(link), "two"), link) }, "two", false,
		},
		"a link to a deleted run": {func(link string) error { return os.Symlink("gone", link) }, newest, false},
		"a link to itself":        {func(link string) error { return os.Symlink("latest", link) }, newest, false},
		"a file that git made from a link": {
			func(link string) error { return os.WriteFile(link, []byte("one"), 0o666) }, "one", false,
		},
		"a file with CRLF": {
			func(link string) error { return os.WriteFile(link, []byte("two\r\n"), 0o666) }, "two", false,
		},
		"a file that names a deleted run": {
			func(link string) error { return os.WriteFile(link, []byte("x-20260102-030405_2\n"), 0o666) }, newest,
			false,
		},
		"a user's file": {
			func(link string) error { return os.WriteFile(link, []byte("mine"), 0o666) }, newest, true,
		},
		"a file that points outside": {
			func(link string) error { return os.WriteFile(link, []byte("../one"), 0o666) }, newest, true,
		},
		"a copy of an old run": {
			func(link string) error { return os.CopyFS(link, os.DirFS(filepath.Join(filepath.Dir(link), "one"))) },
			newest, true,
		},
		"a copy of the newest run": {
			func(link string) error { return os.CopyFS(link, os.DirFS(filepath.Join(filepath.Dir(link), newest))) },
			newest, true,
		},
		"an empty directory": {func(link string) error { return os.Mkdir(link, 0o777) }, newest, true},
	} {
		t.Run(what, func(t *testing.T) {
			results := t.TempDir()
			someRuns(t, results, "one", "two", newest)
			link := filepath.Join(results, latest)
			if err := test.put(link); err != nil {
				t.Fatal(err)
			}
			wantLatest(t, results, test.leads)
			before, err := os.Lstat(link)
			if err != nil && !errors.Is(err, fs.ErrNotExist) {
				t.Fatal(err)
			}
			err = SetLatest(results, "one")
			if !test.refused {
				if err != nil {
					t.Error(err)
				}
				wantLatest(t, results, "one")
				return
			}
			wantError(t, err, link, "move it away")
			if after, err := os.Lstat(link); err != nil || !os.SameFile(before, after) {
				t.Errorf("the file in its place was replaced: %v", err)
			}
		})
	}
}

// A run in a directory named latest can be resumed, and no link to itself is created.
func TestLatestNeverRefersToItself(t *testing.T) {
	results := t.TempDir()
	someRuns(t, results, latest)
	if err := SetLatest(results, latest); err != nil {
		t.Error(err)
	}
	wantLatest(t, results, latest)
}

func TestRunsAreListedByStartTime(t *testing.T) {
	results := t.TempDir()
	names := []string{"z", "m", "a b", "x=1", "$HOME", "new\nline", "b\xffd"}
	someRuns(t, results, names...)
	// File times, which a copy changes, do not matter; other files are omitted.
	if err := os.Chtimes(filepath.Join(results, "z", manifestFile), time.Now(), time.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	err := errors.Join(
		os.Symlink("z", filepath.Join(results, latest)), os.Mkdir(filepath.Join(results, "empty"), 0o777),
		os.WriteFile(filepath.Join(results, "file"), nil, 0o666),
	)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := Runs(results); err != nil || !slices.Equal(got, names) {
		t.Errorf("%q, %v; want %q", got, err, names)
	}
	if got, err := Runs(filepath.Join(results, "nothing")); err != nil || got != nil {
		t.Errorf("no directory: %q, %v", got, err)
	}
}
