package cli

import "testing"

// A line that is cut says so, since what is left of a number is another number.
func TestClip(t *testing.T) {
	for _, test := range []struct {
		s     string
		width int
		want  string
	}{
		{"w=1 rate=20000", 14, "w=1 rate=20000"},
		{"w=1 rate=20000", 13, "w=1 rate=200…"},
		{"äöü", 2, "ä…"},
	} {
		if got := clip(test.s, test.width); got != test.want {
			t.Errorf("clip(%q, %d) = %q, want %q", test.s, test.width, got, test.want)
		}
	}
}
