package store

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"crawlbench/internal/rundir"
)

// latest is the name that leads to the newest run: a symbolic link where there are such, otherwise a file with the name of the
// run, which is also what git makes of a link where there are none.
const latest = "latest"

// NewName returns a name for a run that begins now: scenario-YYYYMMDD-hhmmss, with a suffix if results has that already.
func NewName(results, scenario string, now time.Time) string {
	stem := fmt.Sprintf("%s-%s", scenario, now.Format("20060102-150405"))
	name := stem
	for n := 2; ; n++ {
		if _, err := os.Lstat(filepath.Join(results, name)); err != nil {
			return name
		}
		name = fmt.Sprintf("%s_%d", stem, n)
	}
}

// SetLatest makes results/latest lead to a run, which is named as it is called in results. What is in its place and leads to no
// run stays.
func SetLatest(results, run string) error {
	if run == latest { // a copy of a run, which was gone on with
		return nil
	}
	link := filepath.Join(results, latest)
	if _, err := os.Lstat(link); err == nil && pointer(link) == "" {
		return fmt.Errorf("point %s to the newest run: something else is in its place: move it away, or name the run by its directory, %s", link, filepath.Join(results, run))
	}
	fresh := filepath.Join(results, fmt.Sprintf(".latest-%d", os.Getpid()))
	os.Remove(fresh) // left by a process of the same number that was killed
	err := os.Symlink(run, fresh)
	if err != nil { // there are file systems without links
		err = os.WriteFile(fresh, []byte(run+"\n"), 0o666)
	}
	if err == nil {
		err = os.Rename(fresh, link)
	}
	if err != nil {
		os.Remove(fresh)
		return fmt.Errorf("point %s to the newest run: %w: the run is whole; name it by its directory, %s", link, err, filepath.Join(results, run))
	}
	return nil
}

// pointer returns where latest leads, "" if it is no pointer.
func pointer(link string) string {
	info, err := os.Lstat(link)
	if err != nil {
		return ""
	}
	if info.Mode()&fs.ModeSymlink != 0 {
		target, _ := os.Readlink(link)
		return target
	}
	if !info.Mode().IsRegular() || info.Size() > 1<<10 {
		return ""
	}
	text, _ := os.ReadFile(link)
	name := strings.TrimRight(string(text), "\r\n")
	if name != filepath.Base(name) || !isRun(filepath.Join(filepath.Dir(link), name)) && !named().MatchString(name) {
		return "" // somebody's own file
	}
	return name
}

// named matches what NewName returns.
func named() *regexp.Regexp { return regexp.MustCompile(`-\d{8}-\d{6}(_\d+)?$`) }

// isRun reports whether a directory is that of a run, be it a damaged one.
func isRun(dir string) bool {
	_, err := os.Lstat(filepath.Join(dir, manifestFile))
	return err == nil
}

// Latest returns the directory of the newest run: that which latest leads to, or if it leads nowhere, as in a copy without
// links, the one that began last.
func Latest(results string) (string, error) {
	if target := pointer(filepath.Join(results, latest)); target != "" {
		if !filepath.IsAbs(target) {
			target = filepath.Join(results, target)
		}
		if isRun(target) {
			return target, nil
		}
	}
	list, err := Runs(results)
	if err != nil {
		return "", fmt.Errorf("find the newest run: %w", err)
	}
	if len(list) == 0 {
		return "", fmt.Errorf("find the newest run: there is none in %s: measure one with \"crawlbench run\"", results)
	}
	return filepath.Join(results, list[len(list)-1]), nil
}

// Runs lists the runs in a directory, in the order in which they began.
func Runs(results string) ([]string, error) {
	entries, err := os.ReadDir(results)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	type run struct {
		name  string
		began time.Time
	}
	var runs []run
	for _, e := range entries {
		if dir := filepath.Join(results, e.Name()); e.IsDir() && isRun(dir) {
			runs = append(runs, run{e.Name(), began(dir)})
		}
	}
	own := func(name string) int { // a copy that is called latest is no newer than what it is a copy of
		if name == latest {
			return 0
		}
		return 1
	}
	slices.SortFunc(runs, func(a, b run) int {
		return cmp.Or(a.began.Compare(b.began), cmp.Compare(own(a.name), own(b.name)), strings.Compare(a.name, b.name))
	})
	names := make([]string, len(runs))
	for i, r := range runs {
		names[i] = r.name
	}
	return names, nil
}

// began returns when a run began; of a manifest that cannot be read, when that was written.
func began(dir string) time.Time {
	path := filepath.Join(dir, manifestFile)
	info, err := os.Stat(path)
	if err != nil {
		return time.Time{}
	}
	var m struct{ Started time.Time }
	if d, err := rundir.Open(dir); err == nil {
		defer d.Close()
		if text, err := d.Read(manifestFile, maxManifest); err == nil && json.Unmarshal(text, &m) == nil && !m.Started.IsZero() {
			return m.Started
		}
	}
	return info.ModTime()
}
