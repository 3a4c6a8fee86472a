package ui

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net/http"
	"path"
	"slices"
	"strings"
	"time"

	"crawlbench/internal/rundir"
)

// largest is the size of the largest file that is served.
const largest = 4 << 30

// file serves a file of a run unchanged: one that every run has, or a profile that its report links to.
func (s *Server) file(w http.ResponseWriter, r *http.Request) {
	run, name := r.PathValue("run"), r.PathValue("name")
	if err := s.served(run, name); err != nil {
		s.fail(w, r, err)
		return
	}
	f, err := s.library.open(run, name)
	if errors.Is(err, errNoRun) || errors.Is(err, fs.ErrNotExist) {
		err = notFound("run %s has no %s", run, name)
	} else if errors.Is(err, rundir.ErrUnsafe) {
		err = failure{http.StatusNotFound, err}
	}
	var info fs.FileInfo
	if err == nil {
		defer f.Close()
		if info, err = f.Stat(); err == nil && info.Size() > largest {
			err = failure{http.StatusUnprocessableEntity,
				fmt.Errorf("%s of run %q is too large to be served: %d bytes", name, run, info.Size())}
		}
	}
	if err != nil {
		s.fail(w, r, err)
		return
	}
	head := w.Header()
	switch path.Ext(name) {
	case ".html": // a report has scripts of its own
		head.Set("Content-Type", "text/html; charset=utf-8")
		head.Set("Content-Security-Policy", inlinePolicy+"; sandbox allow-scripts allow-downloads")
	case ".gz":
		head.Set("Content-Type", "application/octet-stream")
		head.Set("Content-Disposition", "attachment")
	default:
		head.Set("Content-Type", "text/plain; charset=utf-8")
	}
	http.NewResponseController(w).SetWriteDeadline(time.Now().Add(10 * time.Minute)) // a journal may be large
	http.ServeContent(w, r, "", info.ModTime(), f)
}

// served returns an error if a file of a run may not be served.
func (s *Server) served(run, name string) error {
	if slices.Contains(Files(), name) {
		return nil
	}
	if strings.HasPrefix(name, "profiles/") {
		a, err := s.read(run)
		if err != nil {
			return err
		}
		for _, rec := range a.Run.Records() {
			if rec.Profile != nil && slices.Contains(slices.Collect(maps.Values(rec.Profile.Files)), name) {
				return nil
			}
		}
	}
	return notFound("no file %q of a run is served", name)
}
