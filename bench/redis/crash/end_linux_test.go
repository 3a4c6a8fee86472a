package crash

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// marked returns the processes whose environment has the mark.
func marked(t *testing.T, mark string) (list []string) {
	t.Helper()
	files, err := filepath.Glob("/proc/[0-9]*/environ")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if text, err := os.ReadFile(f); err == nil && bytes.Contains(text, []byte(mark)) {
			list = append(list, f)
		}
	}
	return list
}

func TestNothingIsLeftBehind(t *testing.T) {
	for _, c := range []struct {
		name string
		end  func(*exec.Cmd)
		code int // -1 if the command was killed
	}{
		{"at its end", func(*exec.Cmd) {}, exitOK},
		{"after an interrupt", func(cmd *exec.Cmd) { cmd.Process.Signal(syscall.SIGINT) }, exitInterrupted},
		{"after it was killed", func(cmd *exec.Cmd) { cmd.Process.Kill() }, -1},
	} {
		dir := t.TempDir()
		mark := fmt.Sprintf("CRASH_TEST_MARK=%d-%s", os.Getpid(), filepath.Base(filepath.Dir(dir))+filepath.Base(dir))
		kills := "1"
		if c.code != exitOK {
			kills = "1000"
		}
		cmd := exec.Command(os.Args[0], commandVerb, "-frontier", "lease", "-kills", kills, "-server", "1",
			"-pages", "600", "-latency", "4ms", "-down", "50ms")
		cmd.Env = append(os.Environ(), mark, "TMPDIR="+dir)
		stderr, err := cmd.StderrPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		said := bufio.NewReader(stderr)
		line, err := said.ReadString('\n')
		if err != nil || !strings.HasPrefix(line, "lease, death of a process, crawl 1 of") {
			t.Errorf("%s: it said %q, %v", c.name, line, err)
		}
		c.end(cmd)
		said.WriteTo(&strings.Builder{})
		cmd.Wait()
		if got := cmd.ProcessState.ExitCode(); got != c.code {
			t.Errorf("%s: exit code %d, want %d", c.name, got, c.code)
		}
		for wait := time.Millisecond; len(marked(t, mark)) > 0; wait *= 2 {
			if wait > 8*time.Second {
				t.Fatalf("%s: %v still run", c.name, marked(t, mark))
			}
			time.Sleep(wait)
		}
		if left, _ := os.ReadDir(dir); len(left) > 0 && c.code >= 0 {
			t.Errorf("%s: %v is left", c.name, left)
		}
	}
}
