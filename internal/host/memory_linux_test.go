package host

import (
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// The test runs itself as a child process, which sets a limit and prints the free memory below it.
func TestFreeMemoryIsBelowTheLimitsOfTheProcess(t *testing.T) {
	if which, limit, ok := strings.Cut(os.Getenv("CRAWLBENCH_TEST_LIMIT"), " "); ok {
		resource, _ := strconv.Atoi(which)
		bytes, _ := strconv.ParseUint(limit, 10, 64)
		if err := unix.Setrlimit(resource, &unix.Rlimit{Cur: bytes, Max: bytes}); err != nil {
			t.Skip(err)
		}
		fmt.Println("free", FreeMemory())
		return
	}
	for _, resource := range []int{unix.RLIMIT_AS, unix.RLIMIT_DATA} {
		for _, limit := range []int64{4 << 30, 64 << 20} {
			cmd := exec.Command(os.Args[0], "-test.run", "^"+t.Name()+"$")
			cmd.Env = append(os.Environ(), fmt.Sprintf("CRAWLBENCH_TEST_LIMIT=%d %d", resource, limit))
			out, _ := cmd.CombinedOutput()
			_, text, ok := strings.Cut(string(out), "free ")
			if !ok {
				t.Logf("resource %d, limit %d: not tested:\n%.300s", resource, limit, out)
				continue
			}
			text, _, _ = strings.Cut(text, "\n")
			if free, err := strconv.ParseInt(text, 10, 64); err != nil || free < 1 || free >= limit {
				t.Errorf("resource %d, limit %d: %s bytes are free", resource, limit, text)
			}
		}
	}
}
