//go:build unix

package cli

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"
)

// A broken pipe to a child process or a server is an error of the command, and is printed. Only that of standard
// output, whose reader may stop early, needs no message.
func TestOnlyABrokenPipeOfTheOutputIsSilent(t *testing.T) {
	broken := fmt.Errorf("ask the server: %w", os.NewSyscallError("write", syscall.EPIPE))
	for err, says := range map[error]string{
		broken:                                   "crawlbench: ask the server: write: broken pipe\n",
		fmt.Errorf("x: %w", outputError{broken}): "",
	} {
		var errs bytes.Buffer
		a := &app{err: &errs}
		if code := a.code(err); code != exitFailure || errs.String() != says {
			t.Errorf("%v: exit code %d, %q", err, code, errs.String())
		}
	}
}

// One error of the output has one message, in each format.
func TestFullOutputHasOneMessage(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip("there is no /dev/full")
	}
	defer full.Close()
	t.Chdir(t.TempDir())
	innocent(t, "run")
	for _, format := range []string{"text", "markdown", "html", "json", "csv", "summary"} {
		var errs bytes.Buffer
		code := Main([]string{"crawlbench", "report", "-format", format, "run"}, strings.NewReader(""), full, &errs,
			Program{})
		if n := strings.Count(errs.String(), "no space left"); code != exitFailure || n != 1 {
			t.Errorf("%s: exit code %d, %d messages:\n%s", format, code, n, &errs)
		}
	}
}
