package conform

import (
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// Settings that the kernel keeps are compared too.
func TestKernelSettingsAreCompared(t *testing.T) {
	mask := unix.Umask(0o22)
	defer unix.Umask(mask)
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_CORE, &limit); err != nil {
		t.Fatal(err)
	}
	limit.Max = max(limit.Max, 1)
	for _, test := range []struct {
		say         string
		alter, mend func()
	}{
		{"the process's Umask was 0022 before the check and is 0000", func() { unix.Umask(0) }, func() { unix.Umask(0o22) }},
		{"the process's Max core file size was", func() {
			other := limit
			other.Cur = (limit.Cur + 1) % limit.Max
			unix.Setrlimit(unix.RLIMIT_CORE, &other)
		}, func() { unix.Setrlimit(unix.RLIMIT_CORE, &limit) }},
	} {
		before := now()
		test.alter()
		list := before.changed(now())
		test.mend()
		if len(list) != 1 || !strings.Contains(list[0], test.say) {
			t.Errorf("want %q, got %q", test.say, list)
		}
	}
}
