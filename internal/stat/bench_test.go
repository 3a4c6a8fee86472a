package stat

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
)

const testName = "Crawl/impl=a/graph=g/keys=id/workers=4/rate=inf-2"

func line(name string, values ...Value) Line { return Line{Name: name, Iters: 1, Values: values} }

func TestWhatIsWrittenIsReadBack(t *testing.T) {
	draw := rand.New(rand.NewPCG(3, 4))
	word := func() string {
		const letters = "azAZ09._+"
		b := make([]byte, 1+draw.IntN(6))
		for i := range b {
			b[i] = letters[draw.IntN(len(letters))]
		}
		return string(b)
	}
	number := func() float64 {
		switch draw.IntN(4) {
		case 0:
			return 0
		case 1:
			return float64(draw.IntN(1e6))
		}
		for {
			if x := math.Float64frombits(draw.Uint64()); !math.IsNaN(x) && !math.IsInf(x, 0) {
				return x
			}
		}
	}
	units := []string{"sec/op", "B/op", "allocs/op", "peak-RSS-bytes", "mutex-wait-sec/op", "pages/op", "p99-sec",
		"bytes"}
	for range 500 {
		var want []Line
		for range 1 + draw.IntN(5) {
			l := Line{Name: "Crawl", Iters: 1 + draw.IntN(1e9)}
			for i := range draw.IntN(5) {
				l.Name += fmt.Sprintf("/%c=%s", 'a'+i, word())
			}
			l.Name += fmt.Sprintf("-%d", 1+draw.IntN(128))
			draw.Shuffle(len(units), func(i, j int) { units[i], units[j] = units[j], units[i] })
			for _, unit := range units[:1+draw.IntN(len(units))] {
				l.Values = append(l.Values, Value{unit, number()})
			}
			want = append(want, l)
		}
		var text bytes.Buffer
		if err := WriteBench(&text, [][2]string{{"cpu", "Some CPU: 3 GHz"}, {"pkg", word()}}, units[:1],
			want); err != nil {
			t.Fatal(err)
		}
		got, err := ReadBench("x", bytes.NewReader(text.Bytes()))
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Fatalf("%s\nis read as\n%v, %v; want\n%v", &text, got, err, want)
		}
	}
}

func TestBenchText(t *testing.T) {
	lines := []Line{
		line(testName, Value{"sec/op", 0.25}, Value{"pages/op", 1e7}),
		line(testName, Value{"sec/op", 0}, Value{"pages/op", 1e7}),
	}
	var got strings.Builder
	if err := WriteBench(&got, [][2]string{{"goos", "linux"}, {"pkg", "crawlbench"}}, []string{"pages/op"},
		lines); err != nil {
		t.Fatal(err)
	}
	want := `Unit sec/op better=lower
Unit pages/op assume=exact
goos: linux
pkg: crawlbench

Benchmark` + testName + ` 1 0.25 sec/op 1e+07 pages/op
Benchmark` + testName + ` 1 0 sec/op 1e+07 pages/op
`
	if got.String() != want {
		t.Errorf("%s\nwant\n%s", got.String(), want)
	}
}

func TestWhatCouldNotBeReadBackIsRefused(t *testing.T) {
	reject := func(why string, config [][2]string, l Line) {
		t.Helper()
		var out strings.Builder
		err := WriteBench(&out, config, nil, []Line{line(testName, Value{"sec/op", 1}), l})
		if err == nil || !strings.Contains(err.Error(), why) || out.Len() > 0 {
			t.Errorf("%v %+v: error %v and %q written, want %q and nothing", config, l, err, out.String(), why)
		}
	}
	good := line(testName, Value{"sec/op", 1})
	for _, name := range []string{
		"", "Crawl", "crawl-2", "Crawl/impl=a", "Crawl/impl=a-", "Crawl/impl=-2", "Crawl/a-2", "Crawl/impl=a b-2",
		"Crawl/rate=1e-3-2", "Crawl/graph=rmat-16-2", "Crawl/rate=10/s-2", "Crawl/impl=é-2", "Crawl-2\n",
		"Crawl/impl=a:b-2",
	} {
		reject("benchmark name", nil, line(name, Value{"sec/op", 1}))
	}
	for _, unit := range []string{"", "bad unit", "sec/op/op", "sec/", "/op", "µs", "1/op", "sec\n"} {
		reject("unit", nil, line(testName, Value{unit, 1}))
	}
	for unit, base := range map[string]string{"ns/op": "sec/op", "wait-ns/op": "wait-sec/op", "MB/op": "B/op",
		"ns": "sec"} {
		reject("use "+base, nil, line(testName, Value{unit, 0}))
	}
	reject("repeated", nil, line(testName, Value{"sec/op", 1}, Value{"sec/op", 2}))
	for _, x := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
		reject("not finite", nil, line(testName, Value{"sec/op", x}))
	}
	reject("no value", nil, line(testName))
	reject("no iteration", nil, Line{Name: testName, Values: good.Values})
	for _, key := range []string{"", "Bad", "bad key", "key:", "é", "1key"} {
		reject("configuration key", [][2]string{{key, "x"}}, good)
	}
	reject("repeated", [][2]string{{"cpu", "x"}, {"cpu", "y"}}, good)
	for _, value := range []string{"", " ", " x", "x ", "x\ny", "x\ry"} {
		reject("configuration cpu", [][2]string{{"cpu", value}}, good)
	}
}

func TestWriteErrorIsReturned(t *testing.T) {
	full := errors.New("disk full")
	// There are three writes: the unit, the configuration with the first line, the second line.
	for writes := range 3 {
		w := &limitedWriter{writes, full}
		err := WriteBench(w, nil, nil, []Line{line(testName, Value{"sec/op", 1}), line(testName, Value{"sec/op", 2})})
		if !errors.Is(err, full) {
			t.Errorf("after %d writes: %v", writes, err)
		}
	}
}

// limitedWriter accepts a limited number of writes.
type limitedWriter struct {
	left int
	err  error
}

func (w *limitedWriter) Write(p []byte) (int, error) {
	if w.left == 0 {
		return 0, w.err
	}
	w.left--
	return len(p), nil
}

func TestUnitsAreTidiedEvenOfZeros(t *testing.T) {
	got, err := ReadBench("x", strings.NewReader("BenchmarkX-2 1 0 wait-ns/op 5 ns/op 3 MB/s\n"))
	want := []Line{line("X-2", Value{"wait-sec/op", 0}, Value{"sec/op", 5e-9}, Value{"B/s", 3e6})}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%v, %v; want %v", got, err, want)
	}
}

func TestSyntaxErrorsHaveTheirPlace(t *testing.T) {
	for text, want := range map[string]string{
		"pkg: x\nBenchmarkX-2 none 1 sec/op\n":                         "file.txt:2: ",
		"BenchmarkX-2 1\n":                                             "file.txt:1: missing measurements",
		"BenchmarkX-2 1 1\n":                                           "file.txt:1: missing units",
		"Unit sec/op better=lower\nUnit sec/op better=higher\n":        "file.txt:2: metadata",
		"BenchmarkX-2 1 1 sec/op\n\n" + strings.Repeat("x", 1<<17):     "file.txt:2: ",
		"BenchmarkX-2 1 1 sec/op\nBenchmarkY-2 1 1 sec/op 2 B/op one ": "file.txt:2: parsing measurement",
	} {
		lines, err := ReadBench("file.txt", strings.NewReader(text))
		if err == nil || lines != nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.60q: %v, error %v, want %q", text, lines, err, want)
		}
	}
}
