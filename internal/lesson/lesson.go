// Package lesson has the lessons of the command "crawlbench lesson": each asks a question about concurrent crawlers,
// measures, and computes the answer from what it has measured.
//
// The input is a Lab, which has the crawlers and the ways to start child processes; the output is a Result: the picture
// and the answer that the measurement gives. It may contradict what the lesson teaches, or be inconclusive; Tell says
// so.
package lesson

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"crawlbench/internal/conform"
	"crawlbench/internal/crawl"
	"crawlbench/internal/diagnose"
	"crawlbench/internal/host"
	"crawlbench/internal/measure"
	"crawlbench/internal/plain/screen"
	"crawlbench/internal/plan"
	"crawlbench/internal/simulate"
)

// Lesson is a question whose answer can be measured.
type Lesson struct {
	Title    string
	Question string
	Choices  []string
	// Taught is the index in Choices of the answer that the lesson teaches, and Why explains it.
	Taught int
	Why    string
	// Next says what to try or read afterwards.
	Next string
	run  experiment
}

// experiment measures what answers a question.
type experiment func(ctx context.Context, l *Lab) (Result, error)

// Unsure is the Choice of a Result that does not decide between the choices.
const Unsure = -1

// Result is what a lesson measured.
type Result struct {
	Choice   int    // index in Choices, or Unsure
	Picture  string // lines for a terminal
	Measured string // the figures from which Choice is computed, in a sentence
}

// Lab holds what lessons need to measure.
type Lab struct {
	Crawlers []crawl.Crawler // includes those of Crawlers
	Child    []string        // as in measure.Trial
	Suite    conform.Suite   // its Command starts the process of a check
	// Simulate simulates the cells of a plan.
	Simulate func(context.Context, *plan.Plan) ([]simulate.Result, error)
	// Short makes samples short, for tests.
	Short bool
}

// All returns the lessons in order.
func All() []Lesson {
	return []Lesson{
		sequentialFirst(), checkThenAct(), lockPerLink(), ownerSaturates(), compareAndSwap(), syncMap(), twoDials(),
		tokenBucket(), cancellation(), semaphore(), blockProfile(), mutexProfile(), readTrace(), goroutineLeak(),
		headOfLine(), whenItMatters(), realPages(),
	}
}

// Crawlers returns the crawlers that lessons add to the built-in ones. A program whose children run lessons needs them
// too.
func Crawlers() []crawl.Crawler {
	return []crawl.Crawler{perLink(), perPage(), channelLock(), slowHolder(), leaver(), ignorer(),
		keeper()}
}

// Run runs a lesson.
func (l Lesson) Run(ctx context.Context, lab *Lab) (Result, error) { return l.run(ctx, lab) }

// measure measures a scenario in a temporary directory, which it removes.
func (l *Lab) measure(ctx context.Context, text string) (*diagnose.Analysis, error) {
	return l.measureThen(ctx, text, func(*diagnose.Analysis) error { return nil })
}

// measureThen is measure, and calls then while the files of the run still exist.
func (l *Lab) measureThen(ctx context.Context, text string,
	then func(*diagnose.Analysis) error) (*diagnose.Analysis, error) {
	s, err := plan.Parse("lesson.toml", []byte(text))
	if err != nil {
		return nil, err
	}
	s.Control = false
	if l.Short {
		s.Sample, s.Rest, s.Profiles.Length = s.Sample/4, s.Rest/8, s.Profiles.Length/2
	}
	dir, err := host.TempDir("crawlbench-lesson-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	p, err := plan.Make(s, l.Crawlers, runtime.NumCPU())
	if err != nil {
		return nil, err
	}
	trial := measure.Trial{Crawlers: l.Crawlers, Child: l.Child, Dir: filepath.Join(dir, "lesson")}
	run, err := trial.Take(ctx, p, text)
	if err != nil {
		return nil, err
	}
	a, err := diagnose.Analyse(run)
	if err != nil {
		return nil, err
	}
	return a, then(a)
}

// inMemory ends the text of a scenario whose site answers at once.
const inMemory = `rounds   = 12
sample   = "30ms"
[[graph]]
name   = "rmat13"
kind   = "rmat"
scale  = 13
degree = 12
`

// cellOf identifies a cell.
type cellOf struct {
	crawler string
	workers int
}

// cells measures a scenario and returns some of its cells.
func (l *Lab) cells(ctx context.Context, text string, of ...cellOf) ([]*diagnose.Cell, error) {
	a, err := l.measure(ctx, text)
	list := make([]*diagnose.Cell, len(of))
	for i := 0; i < len(of) && err == nil; i++ {
		list[i], err = cell(a, of[i].crawler, of[i].workers)
	}
	return list, err
}

// measured returns an experiment that measures a scenario and judges some of its cells.
func measured(text string, of []cellOf, judge func(cells []*diagnose.Cell) Result) experiment {
	return func(ctx context.Context, l *Lab) (Result, error) {
		cells, err := l.cells(ctx, text, of...)
		if err != nil {
			return Result{}, err
		}
		return judge(cells), nil
	}
}

// cell returns a cell, or an error if it has no samples.
func cell(a *diagnose.Analysis, impl string, workers int) (*diagnose.Cell, error) {
	for _, t := range a.Tables {
		if c := t.Cell(impl, workers); c != nil && c.Sound() {
			return c, nil
		} else if c != nil && c.Failure != nil {
			return nil, fmt.Errorf("%s with %d workers: %s: %s", impl, workers, c.Failure.Class, c.Failure.Message)
		}
	}
	return nil, fmt.Errorf("%s with %d workers was not measured", impl, workers)
}

// Ask returns a lesson up to the question.
func (l Lesson) Ask(s screen.Screen, number int) string {
	var b strings.Builder
	s.Title(&b, fmt.Sprintf("Lesson %d: %s", number, l.Title))
	b.WriteByte('\n')
	s.Fill(&b, "", "", l.Question)
	b.WriteByte('\n')
	for i, c := range l.Choices {
		s.Fill(&b, "  ", "     ", fmt.Sprintf("%d) %s", i+1, c))
	}
	b.WriteByte('\n')
	return b.String()
}

// Tell returns the result of a lesson. guess is the reader's choice, from 1, or 0 if there is none.
func (l Lesson) Tell(s screen.Screen, r Result, guess int, took time.Duration) string {
	var b strings.Builder
	say := func(format string, args ...any) { s.Fill(&b, "", "", fmt.Sprintf(format, args...)) }
	draw(&b, s, r.Picture)
	b.WriteByte('\n')
	say("%s", r.Measured)
	b.WriteByte('\n')
	taught := fmt.Sprintf("%d) %s", l.Taught+1, l.Choices[l.Taught])
	switch r.Choice {
	case l.Taught:
		say("Answer: %s.", taught)
	case Unsure:
		say("Inconclusive: this run cannot tell the choices apart. The lesson teaches %s. Try again when the machine is idle.",
			taught)
	default:
		say("Answer in this run: %d) %s. That contradicts the lesson, which teaches %s. For this machine, believe the "+
			"measurement.", r.Choice+1, l.Choices[r.Choice], taught)
	}
	switch {
	case guess == 0 || r.Choice == Unsure:
	case guess-1 == r.Choice:
		say("You guessed %d: right.", guess)
	default:
		say("You guessed %d.", guess)
	}
	b.WriteByte('\n')
	say("%s", l.Why)
	b.WriteByte('\n')
	say("Next: %s", l.Next)
	say("(%.0f s)", took.Seconds())
	return b.String()
}
