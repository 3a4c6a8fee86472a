//go:build unix

package rundir

import (
	"errors"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// hostile returns a directory in which every file except "plain" is a trap, and a directory outside that must not be
// touched.
func hostile(t *testing.T) (d *Dir, outside string) {
	t.Helper()
	dir, outside := t.TempDir(), t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	out := func(name string) string { return filepath.Join(outside, name) }
	for _, err := range []error{
		os.WriteFile(at("plain"), []byte("plain"), 0o666),
		os.WriteFile(out("secret"), []byte("secret"), 0o666),
		os.Symlink(out("secret"), at("absolute")),
		os.Symlink("../"+filepath.Base(outside)+"/secret", at("relative")),
		os.Symlink("plain", at("inner")),
		os.Symlink("nothing", at("dangling")),
		os.Symlink("loop", at("loop")),
		os.Symlink(outside, at("away")),
		os.Mkdir(at("dir"), 0o777),
		os.Symlink("dir", at("beside")),
		os.Symlink("/dev/zero", at("zero")),
		os.Symlink("/proc/self/environ", at("environ")),
		os.Link(at("plain"), at("second")),
		unix.Mkfifo(at("fifo"), 0o666),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	d, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d, outside
}

// soon fails if f does not return soon: a FIFO would block it forever.
func soon(t *testing.T, f func() error) error {
	t.Helper()
	done := make(chan error, 1)
	go func() { done <- f() }()
	select {
	case err := <-done:
		return err
	case <-time.After(2 * time.Minute):
		t.Error("it blocks")
		return nil
	}
}

func TestOnlyRegularFilesWithinAreRead(t *testing.T) {
	d, outside := hostile(t)
	if text, err := d.Read("plain", 5); err != nil || string(text) != "plain" {
		t.Errorf("%q, %v", text, err)
	}
	for name, says := range map[string]string{
		"absolute": "a symbolic link", "relative": "a symbolic link", "inner": "a symbolic link",
		"dangling": "a symbolic link",
		"loop":     "a symbolic link", "away": "a symbolic link", "zero": "a symbolic link",
		"environ": "a symbolic link",
		"dir":     "a directory", "fifo": "a FIFO", ".": "a directory",
		"away/secret": "a symbolic link, want a directory", "beside/x": "a symbolic link, want a directory",
		"plain/x":   "a regular file, want a directory",
		"../secret": "within the run", "a//b/c": "within the run", "a/../../secret": "within the run",
		filepath.Join(outside, "secret"): "within the run",
	} {
		var text []byte
		err := soon(t, func() (err error) { text, err = d.Read(name, 1<<20); return err })
		if !errors.Is(err, ErrUnsafe) || !strings.Contains(err.Error(), says) || text != nil {
			t.Errorf("%s: %q, %v; want %q", name, text, err, says)
		}
	}
	for _, name := range []string{"nothing", "dir/nothing", "nothing/x"} {
		if _, err := d.Read(name, 9); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := d.Read("..", 9); err == nil {
		t.Error("the parent directory was read")
	}
}

func TestReadsAreBounded(t *testing.T) {
	d, _ := hostile(t)
	if err := os.Truncate(d.Path("plain"), 10<<30); err != nil { // a sparse file, without blocks on the disk
		t.Fatal(err)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err := d.Read("plain", 1<<20)
	runtime.ReadMemStats(&after)
	if !errors.Is(err, ErrTooLarge) || !strings.Contains(err.Error(), "10737418240 bytes: want at most 1048576") {
		t.Error(err)
	}
	if took := after.TotalAlloc - before.TotalAlloc; took > 16<<20 {
		t.Errorf("Read allocated %d bytes", took)
	}
}

func TestFilesWithOtherHardLinksAreNotChanged(t *testing.T) {
	d, outside := hostile(t)
	for name, says := range map[string]string{
		"plain": "2 hard links", "second": "2 hard links", "absolute": "a symbolic link", "dangling": "a symbolic link",
		"fifo": "a FIFO", "away/secret": "a symbolic link",
	} {
		f, err := d.Edit(name, true)
		if !errors.Is(err, ErrUnsafe) || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", name, err)
			f.Close()
		}
	}
	if _, err := d.Edit("new", false); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
	for range 2 {
		f, err := d.Edit("new", true)
		if err != nil {
			t.Fatal(err)
		}
		f.Close()
	}
	unharmed(t, outside)
}

// A write replaces a link rather than following it.
func TestWritesStayWithin(t *testing.T) {
	d, outside := hostile(t)
	for _, name := range []string{
		"absolute", "relative", "inner", "dangling", "loop", "away", "zero", "fifo", "second", "new", "dir/new",
		"deep/down/new",
	} {
		if err := soon(t, func() error { return d.WriteSync(name, []byte(name)) }); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if text, err := d.Read(name, 99); err != nil || string(text) != name {
			t.Errorf("%s: %q, %v", name, text, err)
		}
	}
	if text, err := d.Read("plain", 9); err != nil || string(text) != "plain" {
		t.Errorf("the target of a link has %q, %v", text, err)
	}
	names := list(t, d.Path("."))
	for _, name := range []string{
		"beside/new", "plain/new", "../new", filepath.Join(outside, "new"), "dir", "zero/x/y",
	} {
		if err := d.Write(name, []byte("x")); err == nil {
			t.Errorf("%s was written", name)
		}
		if err := d.MkdirAll(name + "/x"); name != "dir" && err == nil {
			t.Errorf("%s was created", name)
		}
	}
	if after := list(t, d.Path(".")); !slices.Equal(names, after) {
		t.Errorf("failed writes left %q, before %q", after, names)
	}
	unharmed(t, outside)
}

func TestRemovalStaysWithin(t *testing.T) {
	d, outside := hostile(t)
	for _, name := range []string{"away", "absolute", "dir", "nothing"} {
		if err := d.RemoveAll(name); err != nil || d.Exists(name) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := d.RemoveAll("../" + filepath.Base(outside)); err == nil {
		t.Error("a directory outside was removed")
	}
	unharmed(t, outside)
}

// unharmed checks that the directory outside is unchanged.
func unharmed(t *testing.T, outside string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(outside, "secret"))
	if names := list(t, outside); err != nil || string(text) != "secret" || len(names) != 1 {
		t.Errorf("the directory outside has %q with %q, %v", names, text, err)
	}
}

func list(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for _, e := range entries {
		names[e.Name()] = true
	}
	return slices.Sorted(maps.Keys(names))
}

func TestOnlyDirectoriesAreOpened(t *testing.T) {
	d, _ := hostile(t)
	for _, name := range []string{"plain", "fifo", "zero", "nothing"} {
		err := soon(t, func() error { _, err := Open(d.Path(name)); return err })
		if want := map[bool]error{true: fs.ErrNotExist, false: unix.ENOTDIR}[name == "nothing"]; !errors.Is(err, want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A file system that cannot sync directories is not an error; a missing directory is.
func TestDirectoriesAreSyncedWhereSupported(t *testing.T) {
	if err := SyncDir(t.TempDir()); err != nil {
		t.Error(err)
	}
	if runtime.GOOS == "linux" {
		if err := SyncDir("/proc"); err != nil {
			t.Error(err)
		}
	}
	if err := SyncDir(filepath.Join(t.TempDir(), "none")); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
}

func TestReplacedFilesAndDirectoriesAreDetected(t *testing.T) {
	d, _ := hostile(t)
	f, err := d.Open("plain")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	dir := d.Path(".")
	if !d.Same("plain", f) || !d.Same("second", f) || d.Same("inner", f) || d.Same("nothing", f) || !d.At(dir) ||
		d.At(t.TempDir()) {
		t.Error("before any change")
	}
	if err := d.Write("plain", []byte("plain")); err != nil {
		t.Fatal(err)
	}
	if d.Same("plain", f) {
		t.Error("a replaced file is reported as the same")
	}
	moved := filepath.Join(t.TempDir(), "moved")
	if err := os.Rename(dir, moved); err != nil {
		t.Fatal(err)
	}
	if d.At(dir) || !d.At(moved) {
		t.Error("after a rename")
	}
	if err := d.Write("new", nil); err != nil || !slices.Contains(list(t, moved), "new") {
		t.Errorf("a write after the rename went elsewhere: %v", err)
	}
}

func TestFilesAreReadableByAll(t *testing.T) {
	old := unix.Umask(0o022)
	defer unix.Umask(old)
	d, _ := hostile(t)
	if err := d.Write("new", nil); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(d.Path("new")); err != nil || info.Mode() != 0o644 {
		t.Errorf("mode %v, error %v", info.Mode(), err)
	}
}

// Replace leaves the file that was there until all of the new one is written, and nothing of one that failed.
func TestReplaceIsAllOrNothing(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "file")
	for _, durable := range []bool{false, true} {
		for _, text := range []string{"old", "new"} {
			err := Replace(path, 0o640, durable, func(w io.Writer) error {
				_, err := io.WriteString(w, text)
				return err
			})
			if got, _ := os.ReadFile(path); err != nil || string(got) != text {
				t.Fatalf("have %q, %v, want %q", got, err, text)
			}
		}
		bad := errors.New("no")
		err := Replace(path, 0o640, durable, func(w io.Writer) error {
			io.WriteString(w, "half of")
			if got, _ := os.ReadFile(path); string(got) != "new" {
				t.Errorf("while it is written the file has %q", got)
			}
			return bad
		})
		if got, _ := os.ReadFile(path); !errors.Is(err, bad) || string(got) != "new" {
			t.Errorf("a write that fails gives %v and leaves %q", err, got)
		}
	}
	if info, err := os.Stat(path); err != nil || info.Mode()&^0o640 != 0 {
		t.Errorf("mode %v, %v, want at most 0640", info.Mode(), err)
	}
	if names, _ := os.ReadDir(dir); len(names) != 1 {
		t.Errorf("%v are left", names)
	}
	if err := Replace(filepath.Join(dir, "none", "file"), 0o640, false, nil); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("in a directory that is not there: %v", err)
	}
}
