package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

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

// SetLatest makes results/latest point to a run, which is named as it is called in results.
func SetLatest(results, run string) error {
	link := filepath.Join(results, latest)
	if info, err := os.Lstat(link); err == nil && info.Mode()&fs.ModeSymlink == 0 {
		return fmt.Errorf("point %s to the newest run: something that is no symbolic link is in its place: move it away", link)
	}
	fresh := filepath.Join(results, fmt.Sprintf(".latest-%d", os.Getpid()))
	os.Remove(fresh) // left by a process of the same number that was killed
	err := os.Symlink(run, fresh)
	if err == nil {
		err = os.Rename(fresh, link)
	}
	if err != nil {
		return fmt.Errorf("point %s to the newest run: %w: the run is whole; name it by its directory, %s", link, err, filepath.Join(results, run))
	}
	return nil
}

// Latest returns the directory of the newest run.
func Latest(results string) (string, error) {
	link := filepath.Join(results, latest)
	target, err := os.Readlink(link)
	if errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("find the newest run: there is none in %s: measure one with \"crawlbench run\"", results)
	}
	if err != nil {
		return "", fmt.Errorf("find the newest run: %s is no symbolic link: name the run by its directory", link)
	}
	return filepath.Join(results, target), nil
}
