package cli

import (
	"bytes"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"crawlbench/internal/measure"
	"crawlbench/internal/plain"
	"crawlbench/internal/plan"
	"crawlbench/internal/store"
)

// A repainted line fits the terminal, even after it was narrowed, and escapes control characters.
func TestProgressFitsTheTerminal(t *testing.T) {
	var out bytes.Buffer
	p := newProgress(&out, "line")
	e := measure.Event{Done: 3, Total: 9, Round: 2,
		Cell: plan.Cell{Impl: "mutexmap\x1b[2J", Graph: strings.Repeat("g", 99), Keys: "id", Workers: 8, Procs: 2}}
	for _, columns := range []int{200, 40, 10, 2, 1, 0} {
		p.columns = func() int { return columns }
		p.last = p.last.Add(-paintEvery)
		out.Reset()
		p.event(e)
		line, ok := strings.CutPrefix(out.String(), "\r\x1b[K")
		room := columns - 1
		if columns == 0 {
			room = 79
		}
		if n := len([]rune(line)); !ok || n > room || n < min(room, 79) || strings.ContainsRune(line, '\x1b') {
			t.Errorf("%d columns: %q", columns, out.String())
		}
	}
	out.Reset()
	p.event(measure.Event{Done: 4, Total: 9,
		Record: &store.Record{Kind: store.KindFailure, Cell: "c\x1b",
			Failure: &store.Failure{Class: "panic", Message: "\x1b]0;owned\a\u202e", Output: "o\x9b\r"}}})
	if text := strings.TrimPrefix(out.String(), "\r\x1b[K"); plain.Text(text) != text ||
		!strings.Contains(text, `\x1b]0;owned\x07\u202e`) {
		t.Errorf("%q", out.String())
	}
}

// What is said beside the progress line fits the terminal too, and is one line in a file.
func TestNotesFitTheTerminal(t *testing.T) {
	const text = "all 3 comparisons without a rate settled\x1b[2J after 28 of 40 rounds"
	for _, width := range []int{0, 10, 20, 40, 200} {
		var out bytes.Buffer
		t.Setenv("COLUMNS", strconv.Itoa(width))
		(&app{rawErr: &out}).tell(text)
		lines := strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
		for _, line := range lines {
			if n := len([]rune(line)); width > 0 && n > width || strings.ContainsRune(line, '\x1b') {
				t.Errorf("%d columns: %q", width, line)
			}
		}
		if (len(lines) == 1) != (width == 0 || width == 200) {
			t.Errorf("%d columns: %q", width, lines)
		}
	}
}

// make passes names unchanged, whatever they contain.
func TestMakePassesNamesOn(t *testing.T) {
	const name = "a b/it's \"q\" `id` ;é.toml"
	for _, test := range []struct{ args, want []string }{
		{[]string{"bench", "SCENARIO=" + name}, []string{"run", name}},
		{[]string{"bench", "RESUME=" + name, "FLAGS=-progress none"},
			[]string{"run", "-progress", "none", "-resume", name}},
		{[]string{"report", "RUN=" + name}, []string{"report", name}},
		{[]string{"compare", "OLD=" + name, "NEW=b c"}, []string{"compare", name, "b c"}},
		{[]string{"export", "RUN=b c", "DIR=" + name}, []string{"export", "b c", name}},
		{[]string{"export"}, []string{"export", "latest"}},
		{[]string{"serve"}, []string{"serve"}},
		{[]string{"serve", "RUN=" + name}, []string{"serve", name}},
		{[]string{"flame", "CELL=" + name}, []string{"serve", "-profile", "cpu", "-cell", name, "-base", "", "latest"}},
	} {
		cmd := exec.Command("make", append([]string{"-s", "-C", "../..", "-o", "build", `CRAWLBENCH=printf "%s\n"`},
			test.args...)...)
		cmd.Env = append(os.Environ(), "MAKEFLAGS=") // of the make that runs this test, if any
		out, err := cmd.CombinedOutput()
		if want := strings.Join(test.want, "\n") + "\n"; err != nil || string(out) != want {
			t.Errorf("make %q: %v\n%swant\n%s", test.args, err, out, want)
		}
	}
}

// A command that is printed works where it is printed.
func TestCommandsAreTypedAsTheProgramWas(t *testing.T) {
	for path, want := range map[string]string{"crawlbench": "crawlbench", ".bin/crawlbench": ".bin/crawlbench",
		"/opt/my tools/cb": "'/opt/my tools/cb'", "/tmp/go-build12/b001/exe/mine": "go run ."} {
		if got := typed(path); got != want {
			t.Errorf("%s: %s, want %s", path, got, want)
		}
	}
}
