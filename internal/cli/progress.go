package cli

import (
	"fmt"
	"io"
	"os"
	"strconv"
	"time"

	"golang.org/x/term"

	"crawlbench/internal/measure"
	"crawlbench/internal/plain"
	"crawlbench/internal/plan"
	"crawlbench/internal/store"
)

// progress shows the progress of a run: on a terminal as one line that is repainted, otherwise with
// a line for each round and every half minute. It is called between samples, so nothing is printed
// during a sample.
type progress struct {
	w       io.Writer
	columns func() int // current width of the terminal; 0 if unknown
	repaint bool
	quiet   bool
	painted bool // the next line replaces the current one
	last    time.Time
	round   int
	failed  int
}

const (
	plainEvery = 30 * time.Second
	paintEvery = 100 * time.Millisecond
)

func newProgress(w io.Writer, mode string) *progress {
	p := &progress{w: w, columns: func() int { return 0 }, round: -2, last: time.Now()}
	f, isFile := w.(*os.File)
	terminal := isFile && term.IsTerminal(int(f.Fd()))
	p.repaint = mode == "line" || mode == "auto" && terminal && os.Getenv("TERM") != "dumb"
	p.quiet = mode == "none"
	if terminal {
		p.columns = func() int {
			n, _, _ := term.GetSize(int(f.Fd()))
			return n
		}
	}
	return p
}

// event shows e.
func (p *progress) event(e measure.Event) {
	if e.Record != nil && e.Record.Kind == store.KindFailure {
		p.failure(e)
	}
	switch {
	case p.quiet:
	case p.repaint && (e.Record == nil && time.Since(p.last) >= paintEvery || e.Done == e.Total):
		p.last = time.Now()
		p.painted = true
		fmt.Fprintf(p.w, "\r\x1b[K%s", clip(p.line(e), p.room()))
	case !p.repaint && e.Record == nil && (e.Round > p.round || time.Since(p.last) >= plainEvery):
		p.last, p.round = time.Now(), max(p.round, e.Round)
		fmt.Fprintln(p.w, p.line(e))
	}
}

// line returns the state of the run in one line.
func (p *progress) line(e measure.Event) string {
	where := "profiles"
	if e.Round >= 0 {
		where = fmt.Sprintf("round %d", e.Round+1)
	}
	left := "  left ?"
	if e.Left > 0 {
		left = "  left " + clock(e.Left)
	}
	failed := ""
	if p.failed > 0 {
		failed = "  " + plain.Count(p.failed, "cell") + " failed"
	}
	width := len(strconv.Itoa(e.Total))
	return plain.Line(fmt.Sprintf("%3d %%  %*d/%d  %-9s%-11s%s  %s", 100*e.Done/max(1, e.Total), width, e.Done, e.Total,
		where, left, failed, shortName(e.Cell)))
}

// room returns the maximum width of a repainted line: a line that wraps could not be repainted.
func (p *progress) room() int {
	if n := p.columns(); n > 0 {
		return n - 1
	}
	return 79
}

// failure reports a cell that failed. The message stays.
func (p *progress) failure(e measure.Event) {
	p.failed++
	p.clear()
	f := e.Record.Failure
	fmt.Fprintln(p.w, plain.Text(fmt.Sprintf("failed: %s: %s: %s", e.Record.Cell, f.Class, f.Message)))
	if f.Output != "" {
		fmt.Fprintf(p.w, "        its output is kept in %s\n", plain.Line(f.Output))
	}
}

// done ends the display.
func (p *progress) done() { p.clear() }

func (p *progress) clear() {
	if p.painted {
		fmt.Fprint(p.w, "\r\x1b[K")
		p.painted = false
	}
}

// shortName returns a short name of a cell.
func shortName(c plan.Cell) string {
	return fmt.Sprintf("%s %s %s w=%d rate=%s", c.Impl, c.Graph, c.Keys, c.Workers, c.Rate)
}

func clock(d time.Duration) string {
	d = d.Round(time.Second)
	if d >= time.Hour {
		return fmt.Sprintf("%d:%02d:%02d", d/time.Hour, d/time.Minute%60, d/time.Second%60)
	}
	return fmt.Sprintf("%d:%02d", d/time.Minute, d/time.Second%60)
}

// clip cuts s at width, and marks the cut: a rate of 20000 must not read as one of 200.
func clip(s string, width int) string {
	if r := []rune(s); len(r) > width {
		if width <= 0 {
			return ""
		}
		return string(r[:width-1]) + "…"
	}
	return s
}
