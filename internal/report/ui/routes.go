package ui

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"
	"sync"
	"time"

	"crawlbench/internal/diagnose"
	"crawlbench/internal/profile"
)

// Server serves the pages of the runs in a directory.
type Server struct {
	site    *Site
	library *library
	flames  flames
	mux     *http.ServeMux
	events  semaphore
	pulse   time.Duration
	early   sync.WaitGroup // the reading of runs
	wait    time.Duration  // how long a response may wait for that
}

// New returns a server of the runs in dir. It starts reading the newest run, which is most likely
// to be requested; a large one takes a second.
func New(dir string) (*Server, error) {
	pages, err := newSite(false)
	if err != nil {
		return nil, err
	}
	l, err := openLibrary(dir)
	if err != nil {
		return nil, err
	}
	s := &Server{site: pages, library: l, flames: flames{open: lru[http.Handler]{memory: flameMemory}},
		mux: http.NewServeMux(), events: make(semaphore, mostListeners), pulse: pulse, wait: patience}
	for pattern, h := range map[string]page{
		"/{$}":                                       s.runs,
		"/changes":                                   s.toChanges,
		"/runs/{run}/{$}":                            s.run,
		"/runs/{run}/matrix/{by}/{$}":                s.matrix,
		"/runs/{run}/changes/{$}":                    s.changes,
		"/runs/{run}/changes/{before}/{$}":           s.changes,
		"/runs/{run}/cells/{cell}/{$}":               s.cell,
		"/runs/{run}/cells/{cell}/difference":        s.toDifference,
		"/runs/{run}/diff/{cell}/{other}/{base}/{$}": s.difference,
	} {
		s.mux.Handle("GET "+pattern, s.page(h))
	}
	for pattern, h := range map[string]http.HandlerFunc{
		"/assets/{name}":                      s.asset,
		"/events":                             s.runsEvents,
		"/runs/{run}/events":                  s.runEvents,
		"/runs/{run}/files/{name...}":         s.file,
		"/runs/{run}/cells/{cell}/{kind}/ui/": s.flame,
		"/runs/{run}/diff/{cell}/{other}/{base}/{kind}/{by}/ui/": s.differenceFlame,
	} {
		s.mux.HandleFunc("GET "+pattern, h)
	}
	s.mux.Handle("GET /", s.page(func(r *http.Request) ([]byte, error) {
		return nil, notFound("no such page: %s", r.URL.Path)
	}))
	s.early.Go(s.library.newest)
	return s, nil
}

// ServeHTTP serves a request. If making a page panics, the response is a page with the error.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	defer func() {
		if p := recover(); p != nil {
			s.fail(w, r, fmt.Errorf("cannot make this page: the files of the run are damaged, or this program has a bug: %v", p))
		}
	}()
	s.mux.ServeHTTP(w, r)
}

// Close waits for runs that are being read, and closes the directory.
func (s *Server) Close() error {
	s.early.Wait()
	return s.library.root.Close()
}

// page makes a page, or returns an error: a redirect, a failure with a status, or any other error.
type page func(r *http.Request) ([]byte, error)

// failure is an error with an HTTP status.
type failure struct {
	status int
	error
}

func notFound(format string, args ...any) error {
	return failure{http.StatusNotFound, fmt.Errorf(format, args...)}
}

// redirect is the target of a redirect; it is an error only in type.
type redirect string

func (r redirect) Error() string { return "go to " + string(r) }

// page returns a handler that serves the page that h makes.
func (s *Server) page(h page) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		text, err := h(r)
		if to := redirect(""); errors.As(err, &to) {
			http.Redirect(w, r, string(to), http.StatusSeeOther)
			return
		}
		if err != nil {
			s.fail(w, r, err)
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Write(text)
	})
}

// fail responds with the status of an error and a page with its message.
func (s *Server) fail(w http.ResponseWriter, r *http.Request, err error) {
	status, title := http.StatusInternalServerError, "" // "": the status is the title
	var f failure
	switch {
	case errors.Is(err, errReading):
		status, title = http.StatusAccepted, "Reading the run"
		w.Header().Set("Refresh", "1")
	case errors.As(err, &f):
		status = f.status
	case errors.Is(err, errNoRun):
		status = http.StatusNotFound
	}
	text, errPage := s.site.Problem(strings.TrimPrefix(r.URL.EscapedPath(), "/"),
		cmp.Or(title, http.StatusText(status)), err.Error())
	if errPage != nil {
		http.Error(w, err.Error(), status)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	w.Write(text)
}

// errReading is the error for a run that is being read; the page reloads itself.
var errReading = errors.New("the run is being read; this page shows it in a moment")

// read returns the analysis of a run, or errReading if that takes long.
func (s *Server) read(name string) (*diagnose.Analysis, error) {
	type answer struct {
		a   *diagnose.Analysis
		err error
	}
	done := make(chan answer, 1)
	s.early.Go(func() {
		a, err := s.library.analysis(name)
		done <- answer{a, err}
	})
	late := time.NewTimer(s.wait)
	defer late.Stop()
	select {
	case d := <-done:
		return d.a, d.err
	case <-late.C:
		return nil, errReading
	}
}

// side returns the run and the cell of a request, given the names of its wildcards.
func (s *Server) side(r *http.Request, run, cell string) (x Side, err error) {
	x.Run = r.PathValue(run)
	if x.Analysis, err = s.read(x.Run); err != nil {
		return x, err
	}
	id := r.PathValue(cell)
	if x.Cell = x.Analysis.Cell(id); x.Cell == nil {
		return x, notFound("run %s has no cell %q: see its matrix for the cells it has", x.Run, id)
	}
	return x, nil
}

func (s *Server) runs(*http.Request) ([]byte, error) {
	list, err := s.library.list()
	if err != nil {
		return nil, err
	}
	return s.site.Runs(list)
}

// toChanges redirects from the form of the list to the page of changes.
func (s *Server) toChanges(r *http.Request) ([]byte, error) {
	before, err := url.PathUnescape(r.FormValue("before")) // escaped by the form, because a name may be invalid UTF-8
	after, errAfter := url.PathUnescape(r.FormValue("after"))
	if err != nil || errAfter != nil || before == "" || after == "" {
		return nil, failure{http.StatusBadRequest, errors.New("choose two runs: before and after")}
	}
	return nil, redirect("/" + s.site.Changes(after, before))
}

func (s *Server) matrix(r *http.Request) ([]byte, error) {
	run, by := r.PathValue("run"), r.PathValue("by")
	a, err := s.read(run)
	if err != nil {
		return nil, err
	}
	text, ok, err := s.site.MatrixPage(a, run, by)
	if err == nil && !ok {
		return nil, notFound("no such matrix: %q", by)
	}
	return text, err
}

func (s *Server) cell(r *http.Request) ([]byte, error) {
	x, err := s.side(r, "run", "cell")
	if err != nil {
		return nil, err
	}
	return s.site.CellPage(x.Analysis, x.Run, x.Cell)
}

// toDifference redirects from the form of a cell to the page of a difference.
func (s *Server) toDifference(r *http.Request) ([]byte, error) {
	other, base := cmp.Or(r.FormValue("run"), r.PathValue("run")), r.FormValue("cell")
	if base == "" {
		return nil, failure{http.StatusBadRequest, errors.New("choose a run and a cell to subtract")}
	}
	return nil, redirect("/" + s.site.Difference(r.PathValue("run"), r.PathValue("cell"), other, base))
}

func (s *Server) difference(r *http.Request) ([]byte, error) {
	this, base, err := s.sides(r)
	if err != nil {
		return nil, err
	}
	return s.site.DifferencePage(this, base)
}

func (s *Server) sides(r *http.Request) (this, base Side, err error) {
	if this, err = s.side(r, "run", "cell"); err == nil {
		base, err = s.side(r, "other", "base")
	}
	return this, base, err
}

func (s *Server) changes(r *http.Request) ([]byte, error) {
	run, before := r.PathValue("run"), r.PathValue("before")
	a, err := s.read(run)
	if err != nil {
		return nil, err
	}
	if before == "" {
		if a.Changes == nil {
			return nil, notFound("run %s was not measured against another program", run)
		}
		return s.site.ChangesPage(a, run, "", a.Changes, nil)
	}
	b, err := s.read(before)
	if err != nil {
		return nil, err
	}
	list, err := diagnose.CompareRuns(b.Run, a.Run)
	if err != nil && !errors.Is(err, diagnose.ErrNotComparable) {
		return nil, err
	}
	return s.site.ChangesPage(a, run, before, list, err)
}

// asset serves a style sheet or a script.
func (s *Server) asset(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("name")
	text, ok := Assets()[name]
	if !ok {
		s.fail(w, r, notFound("no such file: %q", name))
		return
	}
	types := map[string]string{".css": "text/css", ".js": "text/javascript", ".txt": "text/plain"}
	w.Header().Set("Content-Type", types[path.Ext(name)]+"; charset=utf-8")
	fmt.Fprint(w, text)
}

// flame serves pprof's pages of a profile.
func (s *Server) flame(w http.ResponseWriter, r *http.Request) {
	x, err := s.side(r, "run", "cell")
	kind := r.PathValue("kind")
	if err == nil && !slices.Contains(Kinds(x.Cell), kind) {
		err = notFound("cell %s has no %s profile", x.Cell.ID(), kind)
	}
	if err != nil {
		s.fail(w, r, err)
		return
	}
	s.pprof(w, r, []any{x.Run, x.Cell.ID(), kind}, func() (profile.Flame, error) { return s.site.CellFlame(x, kind) })
}

// differenceFlame serves pprof's pages of a difference.
func (s *Server) differenceFlame(w http.ResponseWriter, r *http.Request) {
	this, base, err := s.sides(r)
	kind, by := r.PathValue("kind"), Scaling(r.PathValue("by"))
	if err == nil && (!slices.Contains(commonKinds(this.Cell, base.Cell), kind) || !slices.Contains(Scalings(), by)) {
		err = notFound("no difference of %s profiles by %s between %s and %s", kind, by, this.Cell.ID(), base.Cell.ID())
	}
	if err != nil {
		s.fail(w, r, err)
		return
	}
	s.pprof(w, r, []any{this.Run, this.Cell.ID(), base.Run, base.Cell.ID(), kind, by}, func() (profile.Flame, error) {
		return s.site.DifferenceOf(this, base, kind, by)
	})
}

// pprof passes a request to pprof's handler of the flame graph that load returns.
func (s *Server) pprof(w http.ResponseWriter, r *http.Request, what []any, load func() (profile.Flame, error)) {
	h, err := s.flames.handler(fmt.Sprintf("%q", what), load)
	if err != nil {
		s.fail(w, r, failure{http.StatusUnprocessableEntity, err})
		return
	}
	w.Header().Set("Content-Security-Policy", inlinePolicy)
	_, page, _ := strings.Cut(r.URL.EscapedPath(), "/ui/")
	inner := r.Clone(r.Context())
	inner.URL = &url.URL{Path: "/" + page, RawQuery: r.URL.RawQuery}
	h.ServeHTTP(w, inner)
}
