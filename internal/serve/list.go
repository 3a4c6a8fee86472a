package serve

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"time"

	"crawlbench/internal/site"
	"crawlbench/internal/store"
)

const (
	// patience is how long an answer may wait for a run to be read, and how long the list reads runs to know their trust. For
	// that it reads journals up to the size small: the others are read when they are opened.
	patience = 100 * time.Millisecond
	small    = 2 << 20
)

// list returns a line for each run, the newest first.
func (l *library) list() ([]site.Summary, error) {
	names, err := l.names()
	if err != nil {
		return nil, err
	}
	var list []site.Summary
	busy := false
	for _, name := range names {
		s := l.summary(name)
		busy = busy || s.State == string(store.Running)
		list = append(list, s)
	}
	begin := time.Now()
	for i := range list {
		s := &list[i]
		if s.Problem != "" || s.State == string(store.Running) {
			continue
		}
		s.Trust = l.trust(s.Name, !busy && time.Since(begin) < patience)
	}
	return list, nil
}

// summary reads what the list says of a run.
func (l *library) summary(name string) site.Summary {
	dir, stamp, err := l.path(name)
	l.mu.Lock()
	kept := l.lines[name]
	l.mu.Unlock()
	if err == nil && kept.stamp == stamp && kept.summary.State != string(store.Running) {
		return kept.summary
	}
	next := line{stamp: stamp, counted: kept.counted, summary: site.Summary{Name: name, Done: kept.summary.Done, Total: kept.summary.Total}}
	s := &next.summary
	if err == nil {
		var alive bool
		s.Manifest, alive, err = store.Peek(dir)
		s.State = string(s.Manifest.State)
		if s.Manifest.State == store.Running && !alive {
			s.State = string(store.Interrupted)
		}
	}
	if err == nil {
		err = l.count(name, &next)
	}
	if err != nil {
		s.Problem = err.Error()
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines[name] = next
	return *s
}

// count brings the numbers of samples up to date: those that the run has, and is to have. It counts the lines that are new,
// and does not read them.
func (l *library) count(name string, at *line) error {
	f, err := l.root.Open(filepath.Join(name, "journal.jsonl"))
	if err != nil {
		return err
	}
	defer f.Close()
	if at.stamp.size < at.counted { // it is another journal
		at.counted, at.summary.Done, at.summary.Total = 0, 0, 0
	}
	text := make([]byte, at.stamp.size-at.counted)
	n, err := f.ReadAt(text, at.counted)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	text = text[:bytes.LastIndexByte(text[:n], '\n')+1]
	at.counted += int64(len(text))
	at.summary.Done += bytes.Count(text, []byte(`"rec":{"kind":"sample"`))
	if at.summary.Total > 0 {
		return nil
	}
	text, err = l.root.ReadFile(filepath.Join(name, "plan.json"))
	if err != nil {
		return err
	}
	var p struct {
		Rounds int               `json:"rounds"`
		Cells  []json.RawMessage `json:"cells"`
	}
	if err := json.Unmarshal(text, &p); err != nil {
		return fmt.Errorf("plan.json is damaged: %w", err)
	}
	at.summary.Total = p.Rounds * len(p.Cells)
	return nil
}

// trust returns whether a run can be believed, if that is known, or can be found out now and may be.
func (l *library) trust(name string, read bool) string {
	l.mu.Lock()
	kept, b := l.lines[name], l.books[name]
	l.mu.Unlock()
	if kept.summary.Trust != "" {
		return kept.summary.Trust
	}
	known := b != nil && b.stamp == kept.stamp
	if known {
		select {
		case <-b.ready:
		default:
			known = false
		}
	}
	if !known && (!read || kept.stamp.size > small) {
		return ""
	}
	a, err := l.analysis(name)
	if err != nil {
		return "cannot be read"
	}
	kept.summary.Trust = site.TrustOf(a)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines[name] = kept
	return kept.summary.Trust
}
