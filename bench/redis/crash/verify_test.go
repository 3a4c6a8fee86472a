package crash

import (
	"testing"
	"time"

	"crawlbench/bench/redis/fleet"
	"crawlbench/internal/graph"
)

// zero is when the crawls of these tests begin.
var zero = time.Unix(1_000_000, 0)

func at(ms int) time.Time { return zero.Add(time.Duration(ms) * time.Millisecond) }

// did returns a fetch that took a millisecond; a negative end means that the process died in it.
func did(page uint32, begin int) fleet.Fetch {
	return fleet.Fetch{Page: page, Begin: at(begin), End: at(begin + 1)}
}

func died(page uint32, begin int) fleet.Fetch { return fleet.Fetch{Page: page, Begin: at(begin)} }

func lived(fetches ...fleet.Fetch) history { return history{fetches: fetches, held: 2} }

func dead(killed int, fetches ...fleet.Fetch) history {
	return history{fetches: fetches, killed: at(killed), held: 2}
}

// four has pages 0 to 3 of which all can be reached, and page 4, which cannot.
func four() graph.Reach { return graph.Reach{Set: []uint64{0b1111}, Pages: 4} }

func TestVerify(t *testing.T) {
	for _, c := range []struct {
		name   string
		outage int // when the server died, after 0
		list   []history
		want   Verdict
	}{
		{"each page once", 0, []history{lived(did(0, 0), did(1, 1)), lived(did(2, 1), did(3, 1))}, Verdict{}},
		{"a page that nobody fetched", 0, []history{lived(did(0, 0), did(1, 1), did(3, 2))}, Verdict{Lost: 1}},
		{"a page in which its process died", 0,
			[]history{lived(did(0, 0), did(1, 1), did(3, 2)), dead(2, died(2, 1))}, Verdict{Lost: 1}},
		{"the dead had fetched it, and had not said so", 0,
			[]history{lived(did(0, 0), did(1, 1), did(3, 2), did(2, 7)), dead(3, did(2, 1))},
			Verdict{Twice: 1, Most: 1, Back: 4 * time.Millisecond}},
		{"the dead was in it", 0,
			[]history{lived(did(0, 0), did(1, 1), did(3, 2), did(2, 9)), dead(3, died(2, 1))},
			Verdict{Twice: 1, Most: 1, Back: 6 * time.Millisecond}},
		{"two living processes fetched it", 0,
			[]history{lived(did(0, 0), did(1, 1), did(3, 2)), lived(did(2, 1), did(3, 4))},
			Verdict{Twice: 1, Beyond: 1}},
		{"it was given away before the death", 0,
			[]history{lived(did(0, 0), did(1, 1), did(3, 2), did(2, 2)), dead(9, did(2, 1))},
			Verdict{Twice: 1, Beyond: 1}},
		{"the dead repeated what a living one had fetched", 0,
			[]history{lived(did(0, 0), did(1, 1), did(3, 2), did(2, 2)), dead(9, died(2, 8))},
			Verdict{Twice: 1, Beyond: 1}},
		{"a death excuses one repeat of a page", 0,
			[]history{lived(did(0, 0), did(1, 1), did(3, 2), did(2, 5), did(2, 6)), dead(3, died(2, 1))},
			Verdict{Twice: 2, Most: 1, Beyond: 1, Back: 2 * time.Millisecond}},
		{"two deaths excuse two", 0,
			[]history{lived(did(0, 0), did(1, 1), did(3, 2), did(2, 8)), dead(3, died(2, 1)), dead(6, died(2, 5))},
			Verdict{Twice: 2, Most: 1, Back: 2 * time.Millisecond}},
		{"more than the dead can have held", 0,
			[]history{lived(did(3, 2), did(0, 5), did(1, 6), did(2, 7)), dead(3, did(0, 0), did(1, 1), did(2, 1))},
			Verdict{Twice: 3, Most: 3, Beyond: 1, Back: 4 * time.Millisecond}},
		{"the server forgot the last 3 ms, and one page of before", 5,
			[]history{lived(did(0, 0), did(1, 2), did(2, 3), did(3, 2)), lived(did(0, 6), did(1, 6), did(2, 7))},
			Verdict{Twice: 3, Beyond: 1}},
		{"two began a page, and then the server died", 5,
			[]history{lived(did(0, 3), did(1, 2), did(2, 3), did(3, 2)), lived(did(0, 4))},
			Verdict{Twice: 1, Beyond: 1}},
		{"pages that do not exist", 0,
			[]history{lived(did(0, 0), did(1, 1), did(2, 2), did(3, 2), did(4, 3), did(999, 3))}, Verdict{Strange: 2}},
		{"the end was said too early", 0,
			[]history{lived(did(0, 0), did(1, 1), did(2, 8)), {fetches: []fleet.Fetch{did(3, 2)}, said: at(5)}},
			Verdict{Early: 1}},
	} {
		var o outage
		if c.outage > 0 {
			o = outage{at(c.outage), at(c.outage - 3)}
		}
		if got := verify(four(), c.list, o); got != c.want {
			t.Errorf("%s: %+v, want %+v", c.name, got, c.want)
		}
	}
}

func TestSilence(t *testing.T) {
	list := []history{lived(did(0, 0), did(1, 3), did(2, 90)), lived(did(3, 5), did(0, 95))}
	if got, want := silence(list, at(2)), 88*time.Millisecond; got != want {
		t.Errorf("the silence was over after %v, want %v", got, want)
	}
	if got := silence(list, at(95)); got != 0 {
		t.Errorf("the silence was over after %v, want 0, as nothing follows", got)
	}
}
