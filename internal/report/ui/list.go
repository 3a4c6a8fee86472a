package ui

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"time"

	"crawlbench/internal/report"

	"crawlbench/internal/store"
)

const (
	// patience limits how long a response waits for a run to be read, and how long the list reads
	// runs to show their trust. The list reads journals up to the size small; larger ones are read
	// when they are opened.
	patience = 100 * time.Millisecond
	small    = 2 << 20
)

// list returns a summary of each run, newest first.
func (l *library) list() ([]Summary, error) {
	names, err := l.names()
	if err != nil {
		return nil, err
	}
	busy := false
	for _, name := range names {
		busy = l.summary(name).State == string(store.Running) || busy
	}
	var list []Summary
	begin := time.Now()
	for _, name := range names {
		s := l.summary(name)
		if s.Problem == "" && s.State != string(store.Running) {
			s.Trust = l.trust(name, !busy && time.Since(begin) < patience)
		}
		list = append(list, s)
	}
	return list, nil
}

// summary returns the summary of a run.
func (l *library) summary(name string) Summary {
	dir, stamp, err := l.path(name)
	l.mu.Lock()
	kept := l.entries[name]
	l.mu.Unlock()
	if err == nil && kept.stamp == stamp && kept.summary.State != string(store.Running) {
		return kept.summary
	}
	next := listEntry{stamp: stamp, counted: kept.counted, stops: kept.stops,
		summary: Summary{Name: name, Done: kept.summary.Done, Total: kept.summary.Total}}
	if err == nil {
		err = l.look(dir, &next)
	}
	if err != nil {
		next.summary.Problem = err.Error()
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.entries[name] = next
	return next.summary
}

// look reads the manifest of a run, and counts its samples.
func (l *library) look(dir string, at *listEntry) (err error) {
	s := &at.summary
	defer recovered(s.Name, &err)
	if s.Manifest, _, err = store.Peek(dir); err != nil {
		return err
	}
	s.State = string(s.Manifest.State)
	if err := l.count(dir, at); err != nil {
		return err
	}
	if at.stops && s.Manifest.State == store.Complete { // crawlers may have left before the last round
		s.Total = s.Done
	}
	return nil
}

// longestLine limits the length of a line of a journal; the record of a sample has about 1,000 bytes.
const longestLine = 64 << 20

// count updates the numbers of samples, taken and planned. It counts new lines of the journal without parsing them.
func (l *library) count(dir string, at *listEntry) error {
	f, err := l.open(at.summary.Name, "journal.jsonl")
	if err != nil {
		return err
	}
	defer f.Close()
	if at.stamp.size < at.counted { // the journal was replaced
		at.counted, at.summary.Done, at.summary.Total = 0, 0, 0
	}
	for at.counted < at.stamp.size {
		text := make([]byte, min(longestLine, at.stamp.size-at.counted))
		n, err := f.ReadAt(text, at.counted)
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		whole := text[:bytes.LastIndexByte(text[:n], '\n')+1]
		if len(whole) == 0 {
			if n == longestLine {
				return fmt.Errorf("journal.jsonl is damaged: a line has more than %d bytes", n)
			}
			break // an incomplete line
		}
		at.counted += int64(len(whole))
		at.summary.Done += bytes.Count(whole, []byte(`"rec":{"kind":"sample"`))
	}
	if at.summary.Total == 0 {
		p, err := store.Plan(dir)
		if err != nil {
			return err
		}
		at.summary.Total, at.stops = len(p.Schedule), len(p.Looks) > 0
	}
	return nil
}

// trust returns the trust of a run, if it is known or read allows reading the run; otherwise "".
func (l *library) trust(name string, read bool) string {
	l.mu.Lock()
	kept := l.entries[name]
	b, known := l.runs.look(name)
	l.mu.Unlock()
	if kept.summary.Trust != "" {
		return kept.summary.Trust
	}
	known = known && b.stamp == kept.stamp
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
	kept.summary.Trust = report.TrustOf(a)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.entries[name] = kept
	return kept.summary.Trust
}
