// Package corpora finds texts that others have written or collected, for tests that compare with them: they are files
// of Go modules, which are read where the go command keeps them and never copied. A test whose corpus cannot be had is
// skipped, and says so. Its tests compare packages page and robots with the tests of the Web Platform and of html5lib,
// with the DOM of real pages, and with other libraries.
//
// It is a module of its own, together with the tests that use it, so that crawlbench does not depend on these modules.
package corpora

import (
	"encoding/json"
	"io/fs"
	"os/exec"
	"path/filepath"
	"testing"
)

// Corpus is a directory of a module.
type Corpus struct {
	Module string // path@version
	Sum    string // of the module, as in go.sum
	Dir    string // in the module
}

// Path returns the directory of c. It downloads the module, if it has to.
func (c Corpus) Path(t testing.TB) string {
	t.Helper()
	cmd := exec.Command("go", "mod", "download", "-json", c.Module)
	cmd.Dir = t.TempDir() // outside of any module
	out, err := cmd.Output()
	var info struct{ Dir, Sum, Error string }
	if json.Unmarshal(out, &info) != nil || info.Error != "" || info.Dir == "" {
		t.Skipf("SKIPPED: module %s cannot be had, so nothing was compared with it: %s %v", c.Module, info.Error, err)
	}
	if info.Sum != c.Sum {
		t.Fatalf("%s: sum %s, want %s", c.Module, info.Sum, c.Sum)
	}
	return filepath.Join(info.Dir, filepath.FromSlash(c.Dir))
}

// Files returns the files below the directory of c whose names match a pattern of filepath.Match.
func (c Corpus) Files(t testing.TB, pattern string) (list []string) {
	t.Helper()
	err := filepath.WalkDir(c.Path(t), func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		ok, err := filepath.Match(pattern, d.Name())
		if ok && d.Type().IsRegular() {
			list = append(list, path)
		}
		return err
	})
	if err != nil || len(list) == 0 {
		t.Fatalf("%s of %s: %d files, %v", pattern, c.Module, len(list), err)
	}
	return list
}
