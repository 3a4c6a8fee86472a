package ui

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"crawlbench/internal/diagnose"
	"crawlbench/internal/rundir"

	"crawlbench/internal/store"
)

// errNoRun is the error for a run that does not exist.
var errNoRun = errors.New("no such run")

// memory limits the cached analyses, in bytes of their journals. An analysis takes about six times
// as much as its journal.
const memory = 32 << 20

// library reads the runs in a directory, and caches the most recently used ones.
type library struct {
	dir  string
	root *os.Root

	reading sync.Mutex // held while a run is read

	mu      sync.Mutex
	runs    lru[*cachedRun]
	entries map[string]listEntry
}

// cachedRun is a run that was read, or is being read.
type cachedRun struct {
	stamp stamp
	ready chan struct{} // closed when the other fields are set
	a     *diagnose.Analysis
	err   error
}

// listEntry is what the list knows of a run.
type listEntry struct {
	stamp   stamp
	counted int64 // bytes of the journal
	stops   bool  // crawlers leave it early
	summary Summary
}

// stamp detects changes of the files of a run.
type stamp struct {
	size     int64 // of the journal
	journal  time.Time
	manifest time.Time
}

func openLibrary(dir string) (*library, error) {
	root, err := os.OpenRoot(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("open the runs: there is no directory %s: measure a run first, or give another directory", dir)
	}
	if err != nil {
		return nil, fmt.Errorf("open the runs: %w", err)
	}
	return &library{dir: dir, root: root, runs: lru[*cachedRun]{memory: memory}, entries: map[string]listEntry{}}, nil
}

// names lists the runs, including damaged ones, newest first.
func (l *library) names() ([]string, error) {
	names, err := store.Runs(l.dir)
	if err != nil {
		return nil, fmt.Errorf("list the runs: %w", err)
	}
	slices.Reverse(names)
	return names, nil
}

// path returns the directory of a run, which must be in the directory of runs and not a link.
func (l *library) path(name string) (dir string, s stamp, err error) {
	info, err := l.root.Lstat(name)
	if err != nil || !info.IsDir() || name != filepath.Base(name) {
		return "", s, fmt.Errorf("run %q: %w", name, errNoRun)
	}
	for _, file := range []string{"manifest.json", "plan.json", "journal.jsonl"} {
		info, err := l.root.Stat(filepath.Join(name, file))
		if err != nil {
			return "", s, fmt.Errorf("run %q: %w: it has no %s within the directory of the runs", name, errNoRun, file)
		}
		switch file {
		case "manifest.json":
			s.manifest = info.ModTime()
		case "journal.jsonl":
			s.size, s.journal = info.Size(), info.ModTime()
		}
	}
	return filepath.Join(l.dir, name), s, nil
}

// open opens a regular file of a run.
func (l *library) open(run, file string) (*os.File, error) {
	dir, _, err := l.path(run)
	if err != nil {
		return nil, err
	}
	d, err := rundir.Open(dir)
	if err != nil {
		return nil, err
	}
	defer d.Close()
	return d.Open(file)
}

// analysis returns the analysis of a run, from the cache if its files have not changed.
func (l *library) analysis(name string) (*diagnose.Analysis, error) {
	dir, s, err := l.path(name)
	if err != nil {
		return nil, err
	}
	l.mu.Lock()
	b, kept := l.runs.use(name)
	mine := !kept || b.stamp != s
	if mine {
		b = &cachedRun{stamp: s, ready: make(chan struct{})}
		l.runs.put(name, b, s.size)
	}
	l.mu.Unlock()
	if mine {
		l.fill(b, name, dir)
	}
	<-b.ready
	return b.a, b.err
}

// newest reads the newest run, unless a run is in progress. It ignores errors: a request for the run reports them.
func (l *library) newest() {
	names, err := l.names()
	if err != nil || len(names) == 0 {
		return
	}
	for _, name := range names {
		if l.summary(name).State == string(store.Running) {
			return
		}
	}
	l.analysis(names[0])
}

// fill reads a run into b. Only one is read at a time, because reading uses all processors and much memory.
func (l *library) fill(b *cachedRun, name, dir string) {
	defer close(b.ready)
	l.reading.Lock()
	defer l.reading.Unlock()
	defer recovered(name, &b.err)
	run, err := store.Open(dir)
	if err == nil {
		b.a, err = diagnose.Analyse(run)
	}
	b.err = err
}

// recovered converts a panic to an error, so that one run cannot break the others.
func recovered(run string, err *error) {
	if p := recover(); p != nil {
		*err = fmt.Errorf("cannot read run %q: its files are damaged, or this program has a bug: %v", run, p)
	}
}
