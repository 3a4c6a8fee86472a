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

// latest is the name of the link to the newest run: a symbolic link or, on file systems without links, a file with the
// name of the run, as git checks out links there.
const latest = "latest"

// NewName returns a name for a run that starts now: scenario-YYYYMMDD-hhmmss, with a suffix if results already has
// that.
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

// SetLatest makes results/latest refer to the run of that name in results. It does not replace a file or directory that
// is not such a link.
func SetLatest(results, run string) error {
	if run == latest { // a copy of a run that was resumed
		return nil
	}
	link := filepath.Join(results, latest)
	if _, err := os.Lstat(link); err == nil && latestTarget(link) == "" {
		return fmt.Errorf("link %s to the newest run: another file has that name: move it away, or use the run's "+
			"directory, %s", link, filepath.Join(results, run))
	}
	fresh := filepath.Join(results, fmt.Sprintf(".latest-%d", os.Getpid()))
	os.Remove(fresh) // left by a killed process with the same PID
	err := os.Symlink(run, fresh)
	if err != nil { // some file systems have no links
		err = os.WriteFile(fresh, []byte(run+"\n"), 0o666)
	}
	if err == nil {
		err = os.Rename(fresh, link)
	}
	if err != nil {
		os.Remove(fresh)
		return fmt.Errorf("link %s to the newest run: %w: the run is complete: use its directory, %s", link, err,
			filepath.Join(results, run))
	}
	return nil
}

// latestTarget returns the run that link refers to, "" if it is not such a link.
func latestTarget(link string) string {
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
	if name != filepath.Base(name) ||
		!isRun(filepath.Join(filepath.Dir(link), name)) && !runNamePattern().MatchString(name) {
		return "" // the user's own file
	}
	return name
}

// runNamePattern matches the names that NewName returns.
func runNamePattern() *regexp.Regexp { return regexp.MustCompile(`-\d{8}-\d{6}(_\d+)?$`) }

// isRun reports whether a directory is a run, possibly a damaged one.
func isRun(dir string) bool {
	_, err := os.Lstat(filepath.Join(dir, manifestFile))
	return err == nil
}

// Latest returns the directory of the newest run: the target of latest or, if there is none, as in a copy without
// links, the run that started last.
func Latest(results string) (string, error) {
	if target := latestTarget(filepath.Join(results, latest)); target != "" {
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
		return "", fmt.Errorf("find the newest run: no run in %s: measure one with \"crawlbench run\"", results)
	}
	return filepath.Join(results, list[len(list)-1]), nil
}

// Runs returns the names of the runs in a directory, in the order in which they started.
func Runs(results string) ([]string, error) {
	entries, err := os.ReadDir(results)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	type run struct {
		name    string
		started time.Time
	}
	var runs []run
	for _, e := range entries {
		if dir := filepath.Join(results, e.Name()); e.IsDir() && isRun(dir) {
			runs = append(runs, run{e.Name(), startTime(dir)})
		}
	}
	rank := func(name string) int { // a copy named latest sorts before its original
		if name == latest {
			return 0
		}
		return 1
	}
	slices.SortFunc(runs, func(a, b run) int {
		return cmp.Or(a.started.Compare(b.started), cmp.Compare(rank(a.name), rank(b.name)),
			strings.Compare(a.name, b.name))
	})
	names := make([]string, len(runs))
	for i, r := range runs {
		names[i] = r.name
	}
	return names, nil
}

// startTime returns when a run started; if its manifest cannot be read, when that was written.
func startTime(dir string) time.Time {
	path := filepath.Join(dir, manifestFile)
	info, err := os.Stat(path)
	if err != nil {
		return time.Time{}
	}
	var m struct{ Started time.Time }
	if d, err := rundir.Open(dir); err == nil {
		defer d.Close()
		if text, err := d.Read(manifestFile, maxManifest); err == nil && json.Unmarshal(text, &m) == nil &&
			!m.Started.IsZero() {
			return m.Started
		}
	}
	return info.ModTime()
}
