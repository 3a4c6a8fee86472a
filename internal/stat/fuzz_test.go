package stat

import (
	"bytes"
	"reflect"
	"testing"
)

// Lines that the writer accepts are read back unchanged; for others it writes nothing.
func FuzzBenchRoundTrip(f *testing.F) {
	f.Add("Crawl/impl=a/graph=g/keys=id/workers=4/rate=inf-2", "sec/op", "B/op", 0.25, 0.0, 3, "cpu", "Some CPU")
	f.Add("Crawl/rate=1e-3-2", "ns/op", "sec/op", 1e300, -1e-300, 1, "Bad Key", "x\ny")
	f.Fuzz(func(t *testing.T, name, unit1, unit2 string, value1, value2 float64, iters int, key, value string) {
		lines := []Line{
			{Name: name, Iters: iters, Values: []Value{{unit1, value1}, {unit2, value2}}},
			{Name: name, Iters: 1, Values: []Value{{unit2, value1}}},
		}
		var text bytes.Buffer
		if err := WriteBench(&text, [][2]string{{key, value}}, nil, lines); err != nil {
			if text.Len() > 0 {
				t.Fatalf("refused (%v), but written: %q", err, &text)
			}
			return
		}
		got, err := ReadBench("fuzz", bytes.NewReader(text.Bytes()))
		if err != nil || !reflect.DeepEqual(got, lines) {
			t.Fatalf("%q is read as %v, %v; want %v", text.String(), got, err, lines)
		}
	})
}
