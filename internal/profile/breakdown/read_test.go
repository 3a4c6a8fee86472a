package breakdown_test

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"os"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/pprof/profile"

	"crawlbench/internal/profile/breakdown"
)

func itoa(n int) string { return strconv.Itoa(n) }

// lineOf returns the number of the line in file that contains text.
func lineOf(t testing.TB, file, text string) int {
	t.Helper()
	source, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	before, _, found := strings.Cut(string(source), text)
	if !found {
		t.Fatalf("%s: no %q", file, text)
	}
	return strings.Count(before, "\n") + 1
}

// stack returns the names on the stack of s, leaf first.
func stack(s *profile.Sample) []string {
	var names []string
	for _, l := range s.Location {
		names = append(names, l.Line[0].Function.Name)
	}
	return names
}

func TestErrors(t *testing.T) {
	crawls := traced(t, func() { breakdown.Crawl(pool(2, 10, func(int, int) { sleepyFetch() })) })
	none := traced(t, pool(2, 10, func(int, int) {}))
	endless := traced(t, func() {
		begun, leave, left := make(chan bool), make(chan bool), make(chan bool)
		go func() {
			defer close(left)
			breakdown.Crawl(func() { close(begun); <-leave })
		}()
		<-begun
		t.Cleanup(func() { close(leave); <-left })
	})
	twice := traced(t, func() { breakdown.Crawl(func() { breakdown.Crawl(func() {}) }) })
	outside := traced(t, func() { breakdown.Mark(); breakdown.Crawl(func() {}); breakdown.Mark() })
	empty := traced(t, func() { breakdown.Crawl(func() {}) })
	for _, c := range []struct {
		name, want string
		trace      []byte
		workers    int
	}{
		{"no workers", "number of workers 0: want at least 1", crawls, 0},
		{"no trace", "damaged", nil, 2},
		{"not a trace", "damaged", []byte("goos: linux\ngoarch: amd64\npkg: crawlbench\n"), 2},
		{"a trace cut short", "damaged", crawls[:len(crawls)/2], 2},
		{"no crawl", "wrap the measured code", none, 2},
		{"no fetch", "call breakdown.Mark", empty, 2},
		{"no fetch within the crawl", "call breakdown.Mark", outside, 2},
		{"a crawl without end", "ends within a crawl", endless, 2},
		{"a crawl in a crawl", "overlap", twice, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			l, wall, err := breakdown.Read(bytes.NewReader(c.trace), options(c.workers))
			if err == nil || !strings.HasPrefix(err.Error(), "read execution trace: ") ||
				!strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want an error with %q", err, c.want)
			}
			if l != nil || wall != nil {
				t.Error("a result in addition to the error")
			}
		})
	}
}

func TestDamagedTracesAreErrorsOrBreakdowns(t *testing.T) {
	whole := traced(t, func() { breakdown.Crawl(pool(2, 50, func(int, int) { spin(1000) })) })
	draw := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		b := bytes.Clone(whole)
		for range 1 + draw.IntN(4) {
			b[draw.IntN(len(b))] ^= 1 << draw.IntN(8)
		}
		b = b[:len(b)-draw.IntN(2)*draw.IntN(len(b))]
		l, _, err := breakdown.Read(bytes.NewReader(b), options(2))
		if (l == nil) == (err == nil) {
			t.Fatalf("breakdown %v, error %v", l, err)
		}
	}
}

func TestReadingTwiceGivesTheSame(t *testing.T) {
	patient(t, func(t testing.TB) {
		b := traced(t, func() {
			for range 3 {
				breakdown.Crawl(pool(8, 20, func(int, int) { sleepyFetch(); spin(100_000) }))
				time.Sleep(nap) // outside of crawls
			}
		})
		var texts [2]string
		for i := range texts {
			l, wall := read(t, 8, b)
			text, err := json.Marshal(l)
			if err != nil {
				t.Fatal(err)
			}
			var back breakdown.Breakdown
			if err := json.Unmarshal(text, &back); err != nil || !reflect.DeepEqual(&back, l) {
				t.Errorf("%v: after the round trip %+v, want %+v", err, back, l)
			}
			var p bytes.Buffer
			if err := wall.WriteUncompressed(&p); err != nil {
				t.Fatal(err)
			}
			texts[i] = string(text) + p.String()
		}
		if texts[0] != texts[1] {
			t.Error("the same trace gave two different breakdowns or profiles")
		}
	})
}

func TestWallProfile(t *testing.T) {
	patient(t, func(t testing.TB) {
		_, wall := measured(t, 8, pool(8, 20, func(int, int) { sleepyFetch() }))
		if len(wall.SampleType) != 1 || wall.SampleType[0].Type != "wall" || wall.SampleType[0].Unit != "nanoseconds" ||
			len(wall.Mapping) != 1 {
			t.Errorf("sample types %v, %d mappings", wall.SampleType, len(wall.Mapping))
		}
		roots := map[string]bool{}
		for _, s := range wall.Sample {
			names := stack(s)
			roots[names[len(names)-1]] = true
			for _, n := range names {
				if n == "runtime.goexit" || n == "testing.tRunner" {
					t.Errorf("%v has frames that do not belong to the crawler", names)
				}
			}
		}
		for _, want := range []string{"[running]", "[runnable]", "[network]"} {
			if !roots[want] {
				t.Errorf("no %s in %v", want, roots)
			}
		}
		for r := range roots {
			if !strings.HasPrefix(r, "[") {
				t.Errorf("root %s is not a state", r)
			}
		}
	})
}

func TestSpread(t *testing.T) {
	var ls []*breakdown.Breakdown
	for _, lock := range []float64{3, 1, 4, 2} {
		ls = append(ls, &breakdown.Breakdown{Worker: 10, Seconds: map[breakdown.State]float64{breakdown.Lock: lock},
			Unaccounted: lock / 100})
	}
	if _, err := breakdown.Summarize(ls[:2]); err == nil {
		t.Error("two repeats are accepted")
	}
	if _, err := breakdown.Summarize(append(ls[:3:3], nil)); err == nil {
		t.Error("a missing breakdown is accepted")
	}
	got, err := breakdown.Summarize(ls)
	if err != nil {
		t.Fatal(err)
	}
	if want := (breakdown.Range{Min: 0.1, Median: 0.25, Max: 0.4}); got.Share[breakdown.Lock] != want {
		t.Errorf("lock %v, want %v", got.Share[breakdown.Lock], want)
	}
	if got.Unaccounted.Max != 0.04 || got.Repeats != 4 {
		t.Errorf("got %+v", got)
	}
	three, err := breakdown.Summarize(ls[:3])
	if want := (breakdown.Range{Min: 0.1, Median: 0.3, Max: 0.4}); err != nil || three.Share[breakdown.Lock] != want {
		t.Errorf("lock of three %v, %v, want %v", three.Share[breakdown.Lock], err, want)
	}
}
