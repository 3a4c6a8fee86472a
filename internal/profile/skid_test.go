package profile

import (
	"encoding/hex"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"crawlbench/internal/module"
)

// Encodings are those of the Go assembler.
func TestLockedInstructions(t *testing.T) {
	for code, want := range map[string]int{
		"f0480fc108":                 5,  // LOCK XADDQ CX, (AX)
		"f00fc14808":                 5,  // LOCK XADDL CX, 8(AX)
		"f0480fc18880000000":         9,  // LOCK XADDQ CX, 128(AX)
		"f0480fb10c24":               6,  // LOCK CMPXCHGQ CX, (SP)
		"f0480fc10510000000":         9,  // LOCK XADDQ AX, 16(IP)
		"f00910":                     3,  // LOCK ORL DX, (AX)
		"f083402801":                 5,  // LOCK ADDL $1, 40(AX)
		"f048ff00":                   4,  // LOCK INCQ (AX)
		"f081842480000000ffff":       0,  // cut
		"480fc108":                   0,  // without LOCK
		"f0480fc1c8":                 0,  // of a register
		"488d0489":                   0,  // LEAQ
		"f0480fc108ffc0":             0,  // followed by another
		"90909090f0480fc108":         5,  // after others
		"f0f0f0f0f0f0f0f0f0f0":       0,  // not code
		"f0814424ff01000000":         9,  // LOCK ADDL $1, -1(SP)
		"f081842480000000010000007f": 0,  // one byte too many
		"f08184248000000001000000":   12, // LOCK ADDL $1, 128(SP)
	} {
		text, err := hex.DecodeString(code)
		if err != nil {
			t.Fatal(err)
		}
		if got := lockedAtEnd(text); got != want {
			t.Errorf("%s: %d bytes, want %d", code, got, want)
		}
	}
	if lockedAtEnd(nil) != 0 {
		t.Error("no code has an instruction")
	}
}

// count spends its time on an atomic instruction whose result is not used.
//
//go:noinline
func count(n *atomic.Int64, until time.Time) {
	for time.Now().Before(until) {
		for range 1 << 16 {
			n.Add(1)
		}
	}
}

// The time of an atomic instruction is that of the line that calls for it, not of the next.
func TestAtomicInstructionsHaveTheirTime(t *testing.T) {
	if runtime.GOARCH != "amd64" || runtime.GOOS != "linux" {
		t.Skip("samples are moved on linux/amd64 only")
	}
	c, err := Start([]string{"cpu"})
	if err != nil {
		t.Fatal(err)
	}
	var n atomic.Int64
	c.Crawl(func() { count(&n, time.Now().Add(300*time.Millisecond)) })
	c.Count(1, 0.3, nil)
	profiles, err := c.Stop()
	if err != nil {
		t.Fatal(err)
	}
	if err := profiles["cpu"].CheckValid(); err != nil {
		t.Fatal(err)
	}
	r := c.Usage().Repeats[0]
	if r.Samples < 5 {
		t.Skipf("the machine is so busy that there are %d samples", r.Samples)
	}
	sum, atomics := 0.0, 0.0
	for _, s := range profiles["cpu"].Sample {
		names := functions(s)
		if slices.Contains(names, module.Package("internal/profile.count")) {
			sum += float64(s.Value[1])
			if slices.Contains(names[:2], "sync/atomic.(*Int64).Add") {
				atomics += float64(s.Value[1])
			}
		}
	}
	if atomics < 0.8*sum {
		t.Errorf("atomic operations have %g of %g ns", atomics, sum)
	}
	if s := r.Spots[0]; !strings.Contains(s.Where, "profile.count skid_test.go:") || s.Called != "atomic.(*Int64).Add" {
		t.Errorf("%+v", s)
	}
}
