package ui

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"time"

	"crawlbench/internal/plain"
	"crawlbench/internal/plan"

	"crawlbench/internal/stat"
	"crawlbench/internal/store"
)

const (
	// pulse is the interval of polling a run in progress: one stat, and reading what is new.
	pulse = 2 * time.Second
	// mostListeners limits the number of pages that listen to events, and slowest how long one may
	// take to read an event.
	mostListeners = 32
	slowest       = 10 * time.Second
)

// semaphore is a counting semaphore.
type semaphore chan struct{}

// fields are texts by the names of their elements.
type fields map[string]any

// news is an event: updates of the page, and of its rows by ID.
type news struct {
	Fields fields            `json:"fields,omitempty"`
	Rows   map[string]fields `json:"rows,omitempty"`
}

// watch is a run in progress.
type watch struct {
	dir      string
	name     string
	manifest store.Manifest
	alive    bool
	plan     *plan.Plan
	follower *store.Follower
	speeds   map[string][]float64 // by cell, in pages for each second by which crawlers are compared
	carried  map[string]plan.Transport
	failed   map[string]bool
	done     int
	passes   int
	progress *store.Progress
}

// watch starts watching a run.
func (l *library) watch(name string) (*watch, error) {
	dir, _, err := l.path(name)
	if err != nil {
		return nil, err
	}
	w := &watch{dir: dir, name: name, follower: store.Follow(dir), speeds: map[string][]float64{},
		failed: map[string]bool{}, carried: map[string]plan.Transport{}}
	run, err := store.Plan(dir)
	if err != nil {
		return nil, err
	}
	m, _, err := store.Peek(dir)
	if err != nil {
		return nil, err
	}
	w.plan, w.progress = run, store.NewProgress(run).Of(m.Shard)
	for _, c := range run.Cells {
		w.carried[c.ID()] = c.Transport
	}
	_, err = w.look()
	return w, err
}

// running reports whether the run is in progress.
func (w *watch) running() bool { return w.manifest.State == store.Running && w.alive }

// look reads what is new, and returns the cells that changed.
func (w *watch) look() (changed []string, err error) {
	if w.manifest, w.alive, err = store.Peek(w.dir); err != nil {
		return nil, err
	}
	records, err := w.follower.Next()
	for _, rec := range records {
		if !slices.Contains(changed, rec.Cell) {
			changed = append(changed, rec.Cell)
		}
		w.progress.Add(rec)
		switch {
		case rec.Sample != nil:
			w.done++
			w.speeds[rec.Cell] = append(w.speeds[rec.Cell], 1/rec.Sample.PerPage(w.carried[rec.Cell]))
		case rec.Profile != nil:
			w.passes++
		case rec.Failure != nil:
			w.failed[rec.Cell] = true
		}
	}
	return changed, err
}

// left returns the estimated remaining time in words.
func (w *watch) left() string {
	left := w.progress.Left()
	switch {
	case w.done == 0:
		return "just started"
	case left == 0:
		return "about to end"
	}
	return fmt.Sprintf("about %s left", left.Round(time.Second))
}

// interim returns the interim result of a cell.
func (w *watch) interim(c plan.Cell) Interim {
	id := c.ID()
	x := Interim{ID: id, Name: id, Samples: len(w.speeds[id]), Failed: w.failed[id],
		OverHTTP: c.Transport == plan.HTTP}
	if x.Samples > 0 {
		x.Speed = stat.Median(w.speeds[id]).Center
	}
	return x
}

// page returns the progress of the run.
func (w *watch) page() Progress {
	p := Progress{Name: w.name, Manifest: w.manifest, State: string(store.Running), Done: w.done,
		Total: w.progress.Planned(), Passes: w.passes, Planned: len(w.plan.Passes), Left: w.left()}
	for _, c := range w.plan.Cells {
		if !c.IsControl() {
			p.Cells = append(p.Cells, w.interim(c))
		}
	}
	return p
}

// news returns the event for changed cells.
func (w *watch) news(changed []string) news {
	n := news{Rows: map[string]fields{},
		Fields: fields{"done": plain.Number(w.done), "passes": w.passes, "left": w.left(),
			"progress": 100 * w.done / max(1, w.progress.Planned())}}
	for _, c := range w.plan.Cells {
		if slices.Contains(changed, c.ID()) {
			x := w.interim(c)
			f := fields{"samples": x.Samples, "speed": x.Shown()}
			if x.Failed {
				f["speed"] = "failed"
			}
			n.Rows[x.ID] = f
		}
	}
	return n
}

// run makes the page of a run: its report, or its progress while it is measured, because making a
// report would take processor time from the measurement.
func (s *Server) run(r *http.Request) ([]byte, error) {
	name := r.PathValue("run")
	summary := s.library.summary(name)
	if summary.State == string(store.Running) && r.FormValue("now") == "" {
		w, err := s.library.watch(name)
		if err != nil {
			return nil, err
		}
		return s.site.Running(w.page())
	}
	a, err := s.read(name)
	if err != nil {
		return nil, err
	}
	return s.site.Report(a, name)
}

// runEvents sends events of a run until it ends.
func (s *Server) runEvents(rw http.ResponseWriter, r *http.Request) {
	w, err := s.library.watch(r.PathValue("run"))
	if err != nil {
		s.fail(rw, r, err)
		return
	}
	first := true
	s.listen(rw, r, func() (any, bool, error) {
		changed, err := w.look()
		if err != nil || !w.running() {
			return nil, true, err
		}
		if first { // a sample may have arrived since the page was made
			first = false
			for id := range w.speeds {
				changed = append(changed, id)
			}
		}
		if len(changed) == 0 {
			return nil, false, nil
		}
		return w.news(changed), false, nil
	})
}

// runsEvents sends events of the list of runs. When a run begins or ends, the event makes the page reload.
func (s *Server) runsEvents(rw http.ResponseWriter, r *http.Request) {
	states := func() (map[string]string, news, error) {
		names, err := s.library.names()
		list := map[string]string{}
		n := news{Rows: map[string]fields{}}
		for _, name := range names {
			x := s.library.summary(name)
			list[name] = x.State
			if x.State == string(store.Running) {
				n.Rows[s.site.Run(name)] = fields{"done": plain.Number(x.Done), "total": plain.Number(x.Total),
					"progress": 100 * x.Done / max(1, x.Total)}
			}
		}
		return list, n, err
	}
	before, _, err := states()
	if err != nil {
		s.fail(rw, r, err)
		return
	}
	s.listen(rw, r, func() (any, bool, error) {
		now, n, err := states()
		if err != nil || fmt.Sprint(now) != fmt.Sprint(before) {
			return nil, true, err
		}
		if len(n.Rows) == 0 {
			return nil, false, nil
		}
		return n, false, nil
	})
}

// listen calls look at every pulse and sends the events that it returns, until look reports the
// end, or the client or the server goes away.
func (s *Server) listen(w http.ResponseWriter, r *http.Request, look func() (event any, end bool, err error)) {
	select {
	case s.events <- struct{}{}:
		defer func() { <-s.events }()
	default:
		s.fail(w, r, failure{http.StatusServiceUnavailable,
			fmt.Errorf("%d pages are open already: close some", mostListeners)})
		return
	}
	w.Header().Set("Content-Type", "text/event-stream")
	out := http.NewResponseController(w)
	out.SetReadDeadline(time.Time{}) // only the end of the connection is read
	send := func(event string, data any) error {
		text, err := json.Marshal(data)
		if err == nil {
			out.SetWriteDeadline(time.Now().Add(slowest))
			_, err = fmt.Fprintf(w, "event: %s\ndata: %s\n\n", event, text)
		}
		if err == nil {
			err = out.Flush()
		}
		return err
	}
	if send("hello", nil) != nil {
		return
	}
	tick := time.NewTicker(s.pulse)
	defer tick.Stop()
	for {
		event, end, err := look()
		if err == nil && end {
			send("ended", nil)
			return
		}
		if err == nil && event != nil {
			err = send("progress", event)
		}
		if err != nil {
			return
		}
		select {
		case <-tick.C:
		case <-r.Context().Done():
			return
		}
	}
}
