package host

import (
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"testing"
)

func TestFingerprintIdentifiesTheMachine(t *testing.T) {
	f := Fingerprint()
	for _, key := range []string{"os", "arch", "cores", "memory", "kernel"} {
		if f[key] == "" {
			t.Errorf("no %s in %v", key, f)
		}
	}
}

func TestDifferNamesWhatTimingsDependOn(t *testing.T) {
	a := map[string]string{"os": "linux", "arch": "amd64", "cpu": "x", "cores": "2", "kernel": "1"}
	b := map[string]string{"os": "linux", "arch": "amd64", "cpu": "y", "cores": "4", "kernel": "2"}
	if got := Differ(a, b); !slices.Equal(got, []string{"cpu", "cores"}) {
		t.Errorf("differ in %v", got)
	}
	if got := Differ(a, a); got != nil {
		t.Errorf("a machine differs from itself in %v", got)
	}
}

func TestFieldsAndLines(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f")
	os.WriteFile(path, []byte("MemTotal:       123 kB\nmodel name\t: A: B\n"), 0o666)
	if got := kilobytes(field(path, "MemTotal")); got != 123<<10 {
		t.Errorf("%d bytes", got)
	}
	if got := field(path, "model name"); got != "A: B" {
		t.Errorf("model %q", got)
	}
	if got := field(path, "none") + field(path+"x", "none") + firstLine(path+"x"); got != "" || kilobytes(got) != 0 {
		t.Errorf("missing fields read as %q", got)
	}
	if got := firstLine(path); got != "MemTotal:       123 kB" {
		t.Errorf("first line %q", got)
	}
}

func TestReadingsOfThisMachine(t *testing.T) {
	all := make([]byte, 64<<20)
	for i := range all {
		all[i] = 1
	}
	if peak := PeakMemory(); peak < 64<<20 {
		t.Errorf("peak of %d bytes with 64 MiB in use", peak)
	}
	runtime.KeepAlive(all)
	if FreeMemory() <= 0 || Steal() < 0 || Pressure() < 0 {
		t.Errorf("free %d, steal %v, pressure %v", FreeMemory(), Steal(), Pressure())
	}
}
