package screen

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"unicode/utf8"
)

// lay lays out a bit of everything.
func lay(s Screen) string {
	var b strings.Builder
	s.Title(&b, "a title that says what follows, such as rmat14, keys id, rate inf, GOMAXPROCS 2")
	s.Paragraph(&b, "  ", "chunked with 8 workers uses 4.69x the processor time per page: impl=chunked,graph=rmat14,keys=id")
	s.Table(&b, []string{"crawler", "1 worker", "2 workers", "4 workers"}, [][]Entry{
		{{Text: "mutexmap"}, {Text: "2.97M ±7%"}, {Text: "2.11M ±18%"}, {Text: "1.63M ±16%", Style: Bad}},
		{{Text: "cas"}, {}, {Text: "8.40M ±16%"}, {Text: "8.13M ±10%", Style: Good}}})
	s.Table(&b, []string{"limiter", "rate", "achieved"}, [][]Entry{
		{{Text: "bucket"}, {Text: "20"}, {Text: "0.998 to 1.001"}}, {{Text: "bucket"}, {Text: "200"}, {Text: "0.997"}}})
	s.List(&b, [][]string{{"mutexmap", "id,url", "a map behind one mutex, locked once for each link"}, {"cas", "id", ""}})
	return b.String()
}

func TestNothingIsWiderThanTheScreen(t *testing.T) {
	for width := narrowest; width <= 200; width++ {
		text := lay(Screen{Width: width})
		for line := range strings.Lines(text) {
			line = strings.TrimSuffix(line, "\n")
			if n := utf8.RuneCountInString(line); n > width {
				t.Errorf("%d columns: %q has %d", width, line, n)
			}
			if strings.TrimRight(line, " ") != line {
				t.Errorf("%d columns: %q ends in blanks", width, line)
			}
		}
		for _, want := range []string{"16%", "0.997", "cas", "link"} {
			if width >= 20 && !strings.Contains(text, want) { // narrower ones break words
				t.Errorf("%d columns: %q is lost in\n%s", width, want, text)
			}
		}
	}
}

func TestATableIsContinuedWithTheNamesOfItsRows(t *testing.T) {
	var b strings.Builder
	Screen{Width: 24}.Table(&b, []string{"limiter", "rate", "kept", "worst"}, [][]Entry{
		{{Text: "paced"}, {Text: "20"}, {Text: "1.00"}, {Text: "0.5"}},
		{{Text: "paced"}, {Text: "200"}, {Text: "0.99"}, {Text: "1.5"}}})
	want := `  limiter  rate  kept
  paced    20    1.00
  paced    200   0.99

  limiter  rate  worst
  paced    20    0.5
  paced    200   1.5
`
	if b.String() != want {
		t.Errorf("%s", b.String())
	}
}

func TestAWidthThatIsNotKnownLimitsProseOnly(t *testing.T) {
	var b strings.Builder
	long := strings.Repeat("word ", 40)
	Screen{}.Table(&b, []string{"a", "b"}, [][]Entry{{{Text: "x"}, {Text: long}}})
	if strings.Count(b.String(), "\n") != 2 {
		t.Errorf("a table in a file was folded:\n%s", b.String())
	}
	b.Reset()
	Screen{}.Paragraph(&b, "", long)
	if strings.Count(b.String(), "\n") != 3 {
		t.Errorf("%s", b.String())
	}
}

// A command that was laid out is the same command for a shell.
func TestACommandCanBeCopied(t *testing.T) {
	command := `printf %s\n serve -cell impl=mutexmap,graph=rmat14,keys=id,workers=8,rate=inf-2 'a b c d' "e  f"`
	want, err := exec.Command("sh", "-c", strings.Replace(command, `%s\n`, `'%s\n'`, 1)).Output()
	if err != nil {
		t.Skip(err)
	}
	for width := 20; width <= 120; width++ {
		var b strings.Builder
		Screen{Width: width}.Command(&b, "", "  ", strings.Replace(command, `%s\n`, `'%s\n'`, 1))
		for line := range strings.Lines(b.String()) {
			if n := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); n > width {
				t.Errorf("%d columns: %q has %d", width, line, n)
			}
		}
		got, err := exec.Command("sh", "-c", b.String()).CombinedOutput()
		if err != nil || string(got) != string(want) {
			t.Errorf("%d columns: %v: %s\nof\n%s", width, err, got, b.String())
		}
	}
}

// Colours are the screen's own: those in a text are shown as escapes, and take no part in its width.
func TestOnlyOwnColoursReachTheTerminal(t *testing.T) {
	colored, dull := lay(Screen{Width: 60, Color: true}), lay(Screen{Width: 60})
	strip := strings.NewReplacer("\x1b[0m", "", "\x1b[1m", "", "\x1b[2m", "", "\x1b[31m", "", "\x1b[32m", "")
	if colored == dull || strip.Replace(colored) != dull {
		t.Errorf("without its colours it is\n%q\nwant\n%q", strip.Replace(colored), dull)
	}
	var b strings.Builder
	s := Screen{Color: true}
	s.Paragraph(&b, "", "\x1b[31mred")
	s.Table(&b, []string{"\x1b[2J"}, [][]Entry{{{Text: "\x1b]0;"}}})
	s.List(&b, [][]string{{"\x1b[8m", "\x1b[9m"}})
	s.Command(&b, "", "", "\x1b[7m")
	for _, code := range []string{"\x1b[31m", "\x1b[2J", "\x1b]", "\x1b[8m", "\x1b[9m", "\x1b[7m"} {
		if strings.Contains(b.String(), code) {
			t.Errorf("%q reaches the terminal", code)
		}
	}
}

func TestColumnsOverridesTheWidth(t *testing.T) {
	for text, want := range map[string]int{"61": 61, "": 0, "-3": 0, "wide": 0} {
		t.Setenv("COLUMNS", text)
		f, err := os.Open(os.DevNull)
		if err != nil {
			t.Fatal(err)
		}
		if got := Of(f); got != (Screen{Width: want}) {
			t.Errorf("COLUMNS=%q: %+v", text, got)
		}
		f.Close()
	}
}

func ExampleScreen_List() {
	var b strings.Builder
	Screen{Width: 44}.List(&b, [][]string{
		{"cas", "id", "a bitmap, set by compare-and-swap"}, {"mutexmap", "id,url", "a map behind a mutex"}})
	fmt.Print(b.String())
	// Output:
	//   cas       id      a bitmap, set by
	//                     compare-and-swap
	//   mutexmap  id,url  a map behind a mutex
}

// A row without entries in the columns of a continued part is in the first part only.
func TestAContinuedTableLeavesOutEmptyRows(t *testing.T) {
	var b strings.Builder
	Screen{Width: 24}.Table(&b, []string{"crawler", "1 worker", "8 workers"}, [][]Entry{
		{{Text: "cas"}, {Text: "10.5M"}, {Text: "8.13M"}}, {{Text: "sequential"}, {Text: "4.67M"}},
		{{Text: "nothing"}}})
	want := `  crawler     1 worker
  cas         10.5M
  sequential  4.67M
  nothing

  crawler     8 workers
  cas         8.13M
`
	if b.String() != want {
		t.Errorf("%s", b.String())
	}
}
