package host

import (
	"regexp"
	"testing"
)

func TestIDStaysTheSameAndTellsNothing(t *testing.T) {
	id := ID()
	if !regexp.MustCompile(`^[0-9a-f]{12}$`).MatchString(id) || ID() != id {
		t.Errorf("ID %q, then %q: want the same 12 hex digits", id, ID())
	}
}

func TestModel(t *testing.T) {
	for _, x := range []struct {
		f    map[string]string
		want string
	}{
		{map[string]string{"cores": "4", "cpu": "Fast 9000", "memory": "8 kB"}, "4 cores of Fast 9000"},
		{map[string]string{"cores": "2", "os": "linux", "arch": "arm64"}, "2 cores of linux/arm64"},
	} {
		if got := Model(x.f); got != x.want {
			t.Errorf("Model(%v) = %q, want %q", x.f, got, x.want)
		}
	}
}
