package graph

import (
	"bytes"
	"context"
	"encoding/binary"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"
)

func build(t testing.TB, s Spec) *Graph {
	t.Helper()
	g, err := Build(context.Background(), s, 0)
	if err != nil {
		t.Fatalf("%s: %v", s, err)
	}
	return g
}

func ptr[T any](v T) *T { return &v }

// specs returns one spec of each generated kind.
func specs() []Spec {
	return []Spec{
		{Kind: "rmat", Scale: 12, Seed: 7},
		{Kind: "uniform", Pages: 5000, Degree: 9, Seed: 7},
		{Kind: "rmat", Scale: 11, Symmetric: true, Seed: 7},
		{Kind: "copying", Pages: 5000, Seed: 7},
		{Kind: "hosts", Pages: 5000, Seed: 7},
		{Kind: "chain", Pages: 300, Seed: 7},
		{Kind: "star", Pages: 300, Seed: 7},
		{Kind: "tree", Pages: 300, Degree: 3, Seed: 7},
		{Kind: "grid", Pages: 300, Seed: 7},
	}
}

func TestEveryKindBuildsAValidGraph(t *testing.T) {
	for _, s := range append(specs(), Spec{Kind: "hosts", Pages: 1}, Spec{Kind: "uniform", Pages: 1},
		Spec{Kind: "rmat", Scale: 1},
		Spec{Kind: "grid", Pages: 7}, Spec{Kind: "copying", Pages: 2}, Spec{Kind: "hosts", Pages: 100, Hosts: 100}) {
		if err := build(t, s).Validate(); err != nil {
			t.Errorf("%s: %v", s, err)
		}
	}
}

func TestSameSpecSameGraphWhateverTheProcessors(t *testing.T) {
	big := []Spec{{Kind: "rmat", Scale: 15, Seed: 3}, {Kind: "uniform", Pages: 1 << 17, Degree: 3, Seed: 3},
		{Kind: "hosts", Pages: 1 << 17, Degree: 4, Seed: 3}, {Kind: "copying", Pages: 1 << 17, Degree: 3, Seed: 3}}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	for _, s := range append(specs(), big...) {
		var digests []string
		for _, procs := range []int{1, 2, 5, 1} {
			runtime.GOMAXPROCS(procs)
			digests = append(digests, build(t, s).Digest())
		}
		if digests = slices.Compact(digests); len(digests) != 1 {
			t.Errorf("%s: %v", s, digests)
		}
		other := s
		other.Seed++
		random := s.Kind == "rmat" || s.Kind == "uniform" || s.Kind == "copying" || s.Kind == "hosts"
		if random && build(t, other).Digest() == digests[0] {
			t.Errorf("%s: another seed gives the same graph", s)
		}
	}
}

// The digests pin the generators: a changed generator changes what every scenario measures, so it must be intended.
func TestGeneratorsDoNotChange(t *testing.T) {
	want := map[string]string{}
	text, err := os.ReadFile("testdata/digests.txt")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		digest, spec, _ := strings.Cut(strings.TrimSpace(line), "  ")
		want[spec] = digest
	}
	var now strings.Builder
	for _, s := range specs() {
		d := build(t, s).Digest()
		now.WriteString(d + "  " + s.String() + "\n")
		if want[s.String()] != d {
			t.Errorf("%s: digest %s, want %q", s, d, want[s.String()])
		}
	}
	if t.Failed() {
		t.Logf("if the change is intended, testdata/digests.txt must be\n%s", now.String())
	}
}

func TestShapes(t *testing.T) {
	for _, test := range []struct {
		spec  Spec
		links int
		want  Reach // without Set
	}{
		{Spec{Kind: "chain", Pages: 100}, 99, Reach{Pages: 100, Links: 99, Depth: 99, Widest: 1}},
		{Spec{Kind: "star", Pages: 100}, 99, Reach{Pages: 100, Links: 99, Depth: 1, Widest: 99}},
		{Spec{Kind: "tree", Pages: 1 + 3 + 9 + 27, Degree: 3}, 39, Reach{Pages: 40, Links: 39, Depth: 3, Widest: 27}},
		{Spec{Kind: "grid", Pages: 100}, 360, Reach{Pages: 100, Links: 360, Depth: 18, Widest: 10}},
		{Spec{Kind: "grid", Pages: 1}, 0, Reach{Pages: 1, Widest: 1}},
	} {
		g := build(t, test.spec)
		r := Walk(g, nil)
		r.Set = nil
		if len(g.Links) != test.links || !reflect.DeepEqual(r, test.want) {
			t.Errorf("%s: %d links, %+v; want %d, %+v", test.spec, len(g.Links), r, test.links, test.want)
		}
	}
}

// The comments show the numbers of cnr-2000, the real crawl that kind hosts models.
func TestHostsLooksLikeAWeb(t *testing.T) {
	g := build(t, Spec{Kind: "hosts", Pages: 1 << 16, Seed: 1})
	r := Walk(g, nil)
	dangling, inside, longest := 0, 0, 0
	in := make([]int, g.Pages())
	for p := range uint32(g.Pages()) {
		out := g.Out(p)
		longest = max(longest, len(out))
		if len(out) == 0 {
			dangling++
		}
		for _, q := range out {
			in[q]++
			if g.Host(p) == g.Host(q) {
				inside++
			}
		}
	}
	within := func(what string, got, least, most float64) {
		if !(got >= least && got <= most) {
			t.Errorf("%s is %.3f, want %.3f to %.3f", what, got, least, most)
		}
	}
	n, m := float64(g.Pages()), float64(len(g.Links))
	within("share reached", float64(r.Pages)/n, 1, 1)
	within("mean degree", m/n, 7, 10)                     // 9.9
	within("share dangling", float64(dangling)/n, .2, .3) // .24
	within("share of links in the host", float64(inside)/m, .75, .95)
	within("depth", float64(r.Depth), 10, 50)                                           // 44
	within("largest out-degree", float64(longest), 500, 3000)                           // 2716
	within("largest in-degree over the mean", float64(slices.Max(in))/(m/n), 100, 5000) // 1846
	within("exponent of the in-degree", exponent(in, 10), 1.7, 2.9)                     // 2.15
}

// The model predicts 1 + 1/copy.
func TestCopyingHasAPowerLaw(t *testing.T) {
	for _, share := range []float64{0.5, 0.9} {
		g := build(t, Spec{Kind: "copying", Pages: 1 << 17, Degree: 10, Copy: &share, Seed: 1})
		in := make([]int, g.Pages())
		for _, q := range g.Links {
			in[q]++
		}
		if got, want := exponent(in, 40), 1+1/share; math.Abs(got-want) > 0.35 {
			t.Errorf("copy=%v: exponent %.2f, the model says %.2f", share, got, want)
		}
		if r := Walk(g, nil); r.Pages != g.Pages() {
			t.Errorf("copy=%v: %d of %d pages are reached", share, r.Pages, g.Pages())
		}
	}
}

// exponent estimates the exponent of a power law by maximum likelihood (Clauset, Shalizi and
// Newman, SIAM Review 2009, eq. 3.7) from the values >= least.
func exponent(values []int, least int) float64 {
	n, sum := 0.0, 0.0
	for _, v := range values {
		if v >= least {
			n++
			sum += math.Log(float64(v) / (float64(least) - 0.5))
		}
	}
	return 1 + n/sum
}

func TestRmatHasHubsAndUniformHasNone(t *testing.T) {
	largest := func(s Spec) float64 {
		g := build(t, s)
		d := g.Offsets[g.Start+1] - g.Offsets[g.Start]
		for p := range uint32(g.Pages()) {
			if uint64(len(g.Out(p))) > d {
				t.Errorf("%s: the start page has %d links, page %d has %d", s, d, p, len(g.Out(p)))
			}
		}
		return float64(d) / (float64(len(g.Links)) / float64(g.Pages()))
	}
	if x := largest(Spec{Kind: "rmat", Scale: 14, Seed: 1}); x < 30 {
		t.Errorf("rmat: the hub has %.1f times the mean degree", x)
	}
	if x := largest(Spec{Kind: "uniform", Pages: 1 << 14, Seed: 1}); x > 3 {
		t.Errorf("uniform: a page has %.1f times the mean degree", x)
	}
}

func TestShuffleIsABijection(t *testing.T) {
	for bits := 1; bits <= 12; bits++ {
		seen := map[uint32]bool{}
		s := newShuffle(bits, uint64(bits))
		for x := range uint32(1) << bits {
			y := s.of(x)
			if y >= 1<<bits || seen[y] {
				t.Fatalf("%d bits: %d comes twice or is too large", bits, y)
			}
			seen[y] = true
		}
	}
}

func TestURLsAreUniqueAndFoundAgain(t *testing.T) {
	for _, s := range []Spec{{Kind: "hosts", Pages: 3000, Seed: 1}, {Kind: "chain", Pages: 50, Hosts: 50},
		{Kind: "star", Pages: 2000, Hosts: 1}} {
		g := build(t, s)
		seen := map[string]bool{}
		length := 0
		for p := range uint32(g.Pages()) {
			u := g.URL(p)
			length += len(u)
			if seen[u] {
				t.Fatalf("two pages are called %s", u)
			}
			seen[u] = true
			if q, ok := g.PageOf(u); !ok || q != p {
				t.Fatalf("%s is page %d, found as %d, %v", u, p, q, ok)
			}
			for _, not := range []string{u + "x", u[:len(u)-1], strings.Replace(u, "page-", "page-0", 1),
				strings.Replace(u, "https", "http", 1), strings.ToUpper(u)} {
				if _, ok := g.PageOf(not); ok {
					t.Fatalf("%s is found as a page", not)
				}
			}
		}
		if mean := length / g.Pages(); mean < 35 || mean > 70 {
			t.Errorf("%s: URLs have %d bytes on average", s, mean)
		}
	}
	g := build(t, Spec{Kind: "chain", Pages: 10, Hosts: 2})
	for _, u := range []string{"", "https://www.h", "https://www.h9.example/news/page-0.html",
		"https://www.h0.example/news/page-99999999999.html", ".html", "https://www.h1"} {
		if _, ok := g.PageOf(u); ok {
			t.Errorf("%q is found as a page", u)
		}
	}
}

func TestWalkStopsAtFailures(t *testing.T) {
	g := build(t, Spec{Kind: "chain", Pages: 10})
	r := Walk(g, func(p uint32) bool { return p == 4 })
	if r.Pages != 5 || r.Failed != 1 || r.Depth != 4 || !r.Has(4) || r.Has(5) {
		t.Errorf("a chain whose fifth page fails: %+v", r)
	}
}

func TestCacheGivesBackWhatWasWritten(t *testing.T) {
	for _, s := range specs() {
		path := filepath.Join(t.TempDir(), "g.graph")
		g := build(t, s)
		r := Walk(g, nil)
		if err := WriteCache(path, g, r); err != nil {
			t.Fatal(err)
		}
		c, err := OpenCache(path)
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(c.Graph, g) || !reflect.DeepEqual(c.Reach, r) {
			t.Errorf("%s: the graph read back differs", s)
		}
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestCacheRefusesDamage(t *testing.T) {
	path := filepath.Join(t.TempDir(), "g.graph")
	g := build(t, Spec{Kind: "chain", Pages: 5})
	if err := WriteCache(path, g, Walk(g, nil)); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	refused := func(what string, text []byte) {
		if err := os.WriteFile(path, text, 0o666); err != nil {
			t.Fatal(err)
		}
		if c, err := OpenCache(path); err == nil {
			c.Close()
			t.Errorf("%s: opened", what)
		} else if !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v does not name the file", what, err)
		}
	}
	for n := range whole {
		refused("cut short", whole[:n])
	}
	refused("too long", append(slices.Clone(whole), 0))
	for i := range int(headerSize) {
		bad := slices.Clone(whole)
		bad[i] ^= 1
		refused("a bit of the header turned", bad)
	}
}

// A header whose numbers overflow the size of the file is refused even with a valid checksum.
func TestCacheRefusesNumbersThatOverflow(t *testing.T) {
	path := filepath.Join(t.TempDir(), "g.graph")
	for _, h := range []header{{Pages: 1<<61 - 1}, {Pages: 1<<58 - 1, Links: 1 << 62}, {Links: 1<<62 - 2},
		{Hosts: 1<<62 - 2}} {
		h.Magic, h.Order = [8]byte([]byte(magic)), order
		h.Sum = h.sum()
		var b bytes.Buffer
		binary.Write(&b, binary.NativeEndian, &h)
		if size := h.size(); size >= headerSize && size < 1<<20 {
			b.Write(make([]byte, size-headerSize))
		}
		if err := os.WriteFile(path, b.Bytes(), 0o666); err != nil {
			t.Fatal(err)
		}
		if _, err := OpenCache(path); err == nil {
			t.Errorf("%+v: opened", h)
		}
	}
}

// Children map a file without reading it; the parent checks it.
func TestCheckCacheFindsAFlippedBitOfEachByte(t *testing.T) {
	path := filepath.Join(t.TempDir(), "g.graph")
	g := build(t, Spec{Kind: "grid", Pages: 25, Hosts: 3})
	if err := WriteCache(path, g, Walk(g, nil)); err != nil {
		t.Fatal(err)
	}
	if err := CheckCache(path); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	other := path + ".bad"
	for i := range whole {
		bad := slices.Clone(whole)
		bad[i] ^= 1 << (i % 8)
		if err := os.WriteFile(other, bad, 0o666); err != nil {
			t.Fatal(err)
		}
		if err := CheckCache(other); err == nil || !strings.Contains(err.Error(), other) {
			t.Fatalf("a bit of byte %d of %d is flipped: %v", i, len(whole), err)
		}
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm()&0o222 != 0 {
		t.Errorf("the file can be written to: %v, %v", info.Mode(), err)
	}
	if err := CheckCache("/dev/zero"); err == nil ||
		!strings.Contains(err.Error(), "/dev/zero: is not a regular file but a pipe, device or socket") {
		t.Error(err)
	}
}

func TestBuildRefusesWhatDoesNotFit(t *testing.T) {
	_, err := Build(context.Background(), Spec{Kind: "uniform", Pages: 1 << 31, Degree: 100}, 1<<30)
	if err == nil || !strings.Contains(err.Error(), "GiB") || !strings.Contains(err.Error(), "1.0 GiB") {
		t.Errorf("error %v", err)
	}
}

func TestBuildEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	for _, s := range []Spec{{Kind: "rmat", Scale: 20}, {Kind: "hosts", Pages: 1 << 20},
		{Kind: "copying", Pages: 1 << 20}} {
		if _, err := Build(ctx, s, 0); err != context.Canceled {
			t.Errorf("%s: %v", s, err)
		}
	}
}

// The estimate must be an upper bound, but not refuse graphs that fit.
func TestEstimateIsHonest(t *testing.T) {
	for _, s := range []Spec{{Kind: "rmat", Scale: 17}, {Kind: "uniform", Pages: 1 << 17},
		{Kind: "hosts", Pages: 1 << 18}, {Kind: "hosts", Pages: 1 << 18, Degree: 2},
		{Kind: "copying", Pages: 1 << 17}, {Kind: "grid", Pages: 1 << 20}} {
		need, err := Estimate(s)
		if err != nil {
			t.Fatal(err)
		}
		peak := watchPeak(need, func() { build(t, s) })
		if peak > need || need > 3*peak {
			t.Errorf("%s: estimated %s, measured %s", s, sizeText(need), sizeText(peak))
		}
	}
}

// watchPeak returns the largest growth of the heap that was seen while f ran. Samples miss a peak on a busy machine,
// but invent none: f runs again, at most 20 times, while a third of need was not seen.
func watchPeak(need int64, f func()) (peak int64) {
	for try := 0; try < 20 && need > 3*peak; try++ {
		runtime.GC()
		peak = max(peak, watchHeap(f))
	}
	return peak
}

// watchHeap returns the largest growth of the heap in use while f runs, by sampling.
func watchHeap(f func()) int64 {
	var before, m runtime.MemStats
	runtime.ReadMemStats(&before)
	stop, peak := make(chan struct{}), make(chan uint64)
	go func() {
		most := uint64(0)
		for {
			select {
			case <-stop: // what f took and nothing has collected is still in use
				runtime.ReadMemStats(&m)
				peak <- max(most, m.HeapInuse)
				return
			default:
				runtime.ReadMemStats(&m)
				most = max(most, m.HeapInuse)
				runtime.Gosched()
			}
		}
	}()
	f()
	close(stop)
	return int64(<-peak) - int64(before.HeapInuse)
}

func TestCheckFindsEveryFault(t *testing.T) {
	for _, test := range []struct {
		spec   Spec
		fields string
	}{
		{Spec{Kind: "rmat", Scale: 10}, ""},
		{Spec{Kind: "hosts", Pages: 10, Intra: ptr(0.0), Chain: ptr(1.0), Start: "9"}, ""},
		{Spec{Kind: "rnat"}, "kind"},
		{Spec{Kind: "rmat"}, "-"},
		{Spec{Kind: "rmat", Scale: 32}, "scale"},
		{Spec{Kind: "rmat", Scale: 10, Pages: 5}, "pages"},
		{Spec{Kind: "chain", Pages: 5, Degree: 2, Copy: ptr(0.5)}, "degree copy"},
		{Spec{Kind: "copying", Pages: 5, Copy: ptr(math.NaN())}, "copy"},
		{Spec{Kind: "star", Pages: 5, Start: "5"}, "start"},
		{Spec{Kind: "star", Pages: 5, File: "x"}, "file"},
		{Spec{Kind: "edges"}, "-"},
		{Spec{Kind: "bvgraph", File: "x", Scale: 3}, "scale"},
	} {
		var fields []string
		for _, p := range test.spec.Check() {
			if p.Field == "" {
				p.Field = "-"
			}
			fields = append(fields, p.Field)
			if p.Msg == "" {
				t.Errorf("%+v: no message", test.spec)
			}
		}
		if got := strings.Join(fields, " "); got != test.fields {
			t.Errorf("%+v: faults of %q, want %q", test.spec, got, test.fields)
		}
	}
}

// A spanning tree has the same pages at the same distances, each linked once, by links of the graph.
func TestSpanning(t *testing.T) {
	for _, s := range []Spec{{Kind: "rmat", Scale: 10}, {Kind: "hosts", Pages: 2000}, {Kind: "chain", Pages: 50},
		{Kind: "star", Pages: 1}} {
		g, err := Build(t.Context(), s, 0)
		if err != nil {
			t.Fatal(err)
		}
		tree := Spanning(g)
		if err := tree.Validate(); err != nil {
			t.Fatal(err)
		}
		want, got := Walk(g, nil), Walk(tree, nil)
		if !slices.Equal(got.Set, want.Set) || got.Depth != want.Depth || got.Widest != want.Widest ||
			got.Links != int64(got.Pages-1) || len(tree.Links) != got.Pages-1 {
			t.Errorf("%s: %d pages and %d links, depth %d, of %d pages, depth %d", s, got.Pages, len(tree.Links),
				got.Depth, want.Pages, want.Depth)
		}
		for p := range uint32(g.Pages()) {
			for _, q := range tree.Out(p) {
				if !slices.Contains(g.Out(p), q) {
					t.Fatalf("%s: no link leads from %d to %d", s, p, q)
				}
			}
		}
	}
}
