package hostlog_test

import (
	"slices"
	"testing"

	"crawlbench/internal/crawl"
	"crawlbench/internal/web/hostlog"
)

func TestStripShowsWhatAHostWaitsFor(t *testing.T) {
	r := rules(crawl.Politeness{Gap: 3 * s})
	// In seconds: host 0 is busy from 0 to 2, rests until 5, and is busy until 6; host 1 is unknown until 2, is
	// busy until 3, rests until 6, and is busy until 7.
	want := []string{"##...#  ", "  #...# "}
	if got := hostlog.Strip(two(), r, right(), []uint32{0, 1}, 8, 8*s); !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	late := right()
	late[3].Start, late[3].End = 8*s, 9*s
	want = []string{"  #...!!# "}
	if got := hostlog.Strip(two(), r, late, []uint32{1}, 10, 10*s); !slices.Equal(got, want) {
		t.Errorf("a page that was fetched 2 s late: %q, want %q", got, want)
	}
	if got := hostlog.Strip(two(), r, late, []uint32{1}, 5, 10*s); !slices.Equal(got, []string{" #.!#"}) {
		t.Errorf("with columns of 2 s: %q", got)
	}
}

// A narrow strip shows what a host was for most of the time, and that it waited if it did for a quarter.
func TestAStripBecomesNarrow(t *testing.T) {
	for _, test := range []struct {
		share      int
		line, want string
	}{
		{1, "##...!  ", "##...!  "}, {2, "##...!  ", "#.! "}, {4, "#.....!.  ", ".! "},
		{5, "....!##...", ".."}, {3, "", ""},
	} {
		if got := hostlog.Narrow(test.line, test.share); got != test.want {
			t.Errorf("%q by %d is %q, want %q", test.line, test.share, got, test.want)
		}
	}
	for columns, want := range map[int]int{80: 1, 100: 1, 79: 2, 40: 2, 39: 3, 1: 80, 0: 1, -4: 1} {
		if got := hostlog.Share(80, columns); got != want {
			t.Errorf("80 columns in %d: %d share one, want %d", columns, got, want)
		}
	}
}
