package lesson

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"crawlbench/internal/conform"
	"crawlbench/internal/conform/mutant"
	"crawlbench/internal/crawl"
	"crawlbench/internal/crawler"
	"crawlbench/internal/measure"
	"crawlbench/internal/plain/screen"
	"crawlbench/internal/plan"
	"crawlbench/internal/simulate"
)

func TestMain(m *testing.M) {
	if len(os.Args) == 2 && os.Args[1] == measure.ChildVerb {
		if err := measure.Child(context.Background(), os.Stdin, table()); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	if len(os.Args) == 5 && os.Args[1] == conform.ChildVerb {
		conform.Child(os.Args[2:], append(table(), mutant.Crawlers()...))
	}
	if len(os.Args) == 2 && os.Args[1] == simulate.ChildVerb {
		simulate.Child(os.Stdin, table())
	}
	os.Exit(m.Run())
}

func table() []crawl.Crawler { return append(crawler.All(), Crawlers()...) }

func lab() *Lab {
	return &Lab{Crawlers: table(), Short: true, Suite: conform.Suite{
		Command: func(crawler, keys, check string) *exec.Cmd {
			return exec.Command(os.Args[0], conform.ChildVerb, crawler, keys, check)
		},
	}, Simulate: func(ctx context.Context, p *plan.Plan) (list []simulate.Result, err error) {
		err = simulate.Run(ctx, p, p.Cells, func() *exec.Cmd { return exec.Command(os.Args[0], simulate.ChildVerb) },
			func(r simulate.Result) error { list = append(list, r); return nil })
		return list, err
	}}
}

// TestTeaches runs every lesson, three times if need be. An answer that contradicts the lesson each time fails. A busy
// machine may make some runs inconclusive, but not more than a quarter of the lessons.
func TestTeaches(t *testing.T) {
	if testing.Short() {
		t.Skip("the lessons measure, which takes a minute")
	}
	var unsure []string
	for i, l := range All() {
		t.Run(fmt.Sprintf("%d %s", i+1, l.Title), func(t *testing.T) {
			var got []int
			for len(got) < 3 {
				r, err := l.Run(t.Context(), lab())
				if err != nil {
					t.Fatal(err)
				}
				if r.Choice == l.Taught {
					return
				}
				got = append(got, r.Choice)
				t.Logf("choice %d, want %d:\n%s%s", r.Choice, l.Taught, r.Picture, r.Measured)
			}
			if !slices.Contains(got, Unsure) {
				t.Errorf("choices %v, want %d", got, l.Taught)
			}
			unsure = append(unsure, l.Title)
		})
	}
	if len(unsure) > len(All())/4 {
		t.Errorf("lessons without an answer: %q", unsure)
	}
}

func TestLessonsAreComplete(t *testing.T) {
	for i, l := range All() {
		if l.Title == "" || !strings.HasSuffix(l.Question, "?") && !strings.Contains(l.Question, "? ") || l.Why == "" ||
			l.Next == "" || len(l.Choices) < 2 || l.Taught < 0 || l.Taught >= len(l.Choices) {
			t.Errorf("lesson %d %q lacks a part, or its question", i+1, l.Title)
		}
	}
	if n := len(All()); n < 12 {
		t.Errorf("%d lessons, want at least 12", n)
	}
}

// TestTell checks that a result that contradicts the lesson, or decides nothing, is not shown as the answer.
func TestTell(t *testing.T) {
	l := Lesson{Title: "t", Question: "q?", Choices: []string{"first", "second"}, Taught: 1, Why: "why", Next: "next"}
	for _, c := range []struct {
		choice, guess int
		want          []string
	}{
		{1, 2, []string{"Answer: 2) second.", "You guessed 2: right."}},
		{1, 1, []string{"Answer: 2) second.", "You guessed 1.\n"}},
		{1, 0, []string{"Answer: 2) second."}},
		{0, 1, []string{"Answer in this run: 1) first. That contradicts the lesson, which teaches 2) second.", "You guessed 1: right."}},
		{Unsure, 1, []string{"Inconclusive: this run cannot tell the choices apart."}},
	} {
		told := l.Tell(screen.Screen{}, Result{Choice: c.choice, Picture: "picture", Measured: "measured"}, c.guess,
			time.Second)
		text := strings.Join(strings.Fields(told), " ")
		for _, w := range c.want {
			if !strings.Contains(text, strings.TrimSpace(w)) {
				t.Errorf("choice %d, guess %d: want %q in\n%s", c.choice, c.guess, w, told)
			}
		}
		if c.choice != 1 && strings.Contains(text, "Answer: ") {
			t.Errorf("choice %d is shown as the answer:\n%s", c.choice, told)
		}
		if (c.guess == 0 || c.choice == Unsure) && strings.Contains(text, "You guessed") {
			t.Errorf("choice %d, guess %d: the guess is called right or wrong:\n%s", c.choice, c.guess, told)
		}
	}
}

func TestSide(t *testing.T) {
	for _, c := range []struct {
		lo, hi float64
		want   int
	}{{0.1, 0.4, 0}, {0.7, 1.4, 1}, {1.6, 3, 2}, {0.4, 0.7, Unsure}, {1.4, 1.6, Unsure}, {0.1, 10, Unsure}} {
		if got := side(ratio{1, c.lo, c.hi}, 1.5); got != c.want {
			t.Errorf("side of [%g, %g] is %d, want %d", c.lo, c.hi, got, c.want)
		}
	}
}

// TestChecksDecide checks that a lesson does not conclude from a check that also fails its correct twin, and that it
// admits when nothing was found.
func TestChecksDecide(t *testing.T) {
	pass := conform.Result{Kind: conform.Pass}
	for name, decide := range map[string]func(right, broken conform.Result) Result{
		"race": fetchedTwice, "cancel": leftBehind,
	} {
		fail := conform.Result{Kind: conform.Fail, Text: "goroutine left"}
		for _, c := range []struct {
			right, broken conform.Result
			want          int
		}{{pass, fail, 1}, {pass, pass, 0}, {fail, fail, Unsure}, {fail, pass, Unsure}} {
			if got := decide(c.right, c.broken).Choice; got != c.want {
				t.Errorf("%s: twin %s, broken %s: choice %d, want %d", name, c.right.Kind, c.broken.Kind, got, c.want)
			}
		}
	}
}

// Nothing of a lesson is wider than the screen, and nothing of it is lost.
func TestLessonsFitTheScreen(t *testing.T) {
	picture := bars([]bar{{"lesson.channellock, 8 workers", 9, "12.3M pages/s"},
		{"cas, 1 worker", 3, "4.1M pages/s"}}) + "  |" + strings.Repeat("##.! ", 16) + "|\n"
	l := All()[0]
	for width := 30; width <= 200; width++ {
		s := screen.Screen{Width: width}
		text := l.Ask(s, 1) + l.Tell(s, Result{Choice: 0, Picture: picture, Measured: "measured"}, 1, time.Second)
		for line := range strings.Lines(text) {
			if n := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); n > width {
				t.Errorf("%d columns: %q has %d", width, line, n)
			}
		}
		text = strings.Join(strings.Fields(text), " ")
		if !strings.Contains(text, "12.3M") || strings.Count(text, "█") < 2 || !strings.Contains(text, "!") {
			t.Errorf("%d columns: the picture is\n%s", width, text)
		}
	}
	if wide := l.Tell(screen.Screen{}, Result{Picture: picture}, 0, 0); !strings.HasPrefix(wide, picture) {
		t.Errorf("in a file the picture is\n%s", wide)
	}
}
