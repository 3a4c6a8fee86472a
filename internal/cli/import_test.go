//go:build unix

package cli

import (
	"bytes"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"
)

// endless is a crawl that goes on until the program is interrupted.
type endless struct{ sent bool }

func (e *endless) Read(p []byte) (int, error) {
	if e.sent { // the signal arrives at any time
		time.Sleep(time.Millisecond)
	} else {
		e.sent = true
		syscall.Kill(os.Getpid(), syscall.SIGINT)
	}
	return copy(p, "{\"url\": \"https://a.example/\"}\n"), nil
}

// An interrupted import leaves nothing, and a graph that was there as it was.
func TestAnInterruptedImportLeavesNothing(t *testing.T) {
	t.Chdir(t.TempDir())
	write(t, "old.cbg", "old")
	for _, args := range [][]string{{"-o", "new.cbg"}, {"-o", "old.cbg", "-force"}} {
		var out, errs bytes.Buffer
		code := Main(append([]string{"crawlbench", "import", "-"}, args...), &endless{}, &out, &errs,
			Program{Crawlers: table()})
		if code != exitInterrupted || out.Len() > 0 ||
			errs.String() != "crawlbench: import: interrupt signal: nothing was written\n" {
			t.Errorf("exit code %d, %q, %q", code, out.String(), errs.String())
		}
	}
	left, err := os.ReadDir(".")
	text, err2 := os.ReadFile("old.cbg")
	if err != nil || err2 != nil || len(left) != 1 || string(text) != "old" {
		t.Errorf("%v are left, with %q: %v, %v", left, text, err, err2)
	}
}

// What a file says is never interpreted by a terminal: URLs are escaped, and so are the names of files.
func TestHostileCrawlsPrintNoControlCharacters(t *testing.T) {
	t.Chdir(t.TempDir())
	name := "evil\x1b]0;x\x07.jsonl"
	write(t, name, "{\"url\": \"https://a.example/\\u001b[31m\\u0000\\u202e\", \"links\": [\"\\u009b1m\", \"/\\u0007\"]}\n"+
		"{\"url\": \"\x1b[2J\"}\n\x00\x1b[2J\n{\"url\": \"https://a.example/\", \"status\": \"\\u001b[31m\"}\n")
	code, out, errs := call(t, "import", "-v", "-broken", "90%", name)
	if code != exitOK || !strings.Contains(out, "3 records, left out") {
		t.Errorf("exit code %d, %q, %q", code, out, errs)
	}
	code, _, more := call(t, "import", "-force", name)
	if code != exitFailure {
		t.Errorf("exit code %d, %q", code, more)
	}
	for _, text := range []string{out, errs, more} {
		hidden := func(r rune) bool { return r < ' ' && r != '\n' || r >= 0x7f && r < 0xa0 || r == 0x202e }
		if i := strings.IndexFunc(text, hidden); i >= 0 {
			t.Errorf("a control character is printed: %q", text[max(0, i-20):])
		}
	}
}
