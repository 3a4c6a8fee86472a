package report

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	pprof "github.com/google/pprof/profile"
)

// walled writes a wall profile with the given number of names: wide, all called by one function, or
// deep, in stacks of up to 100.
func walled(tb testing.TB, names int, deep bool) files {
	tb.Helper()
	p := &pprof.Profile{SampleType: []*pprof.ValueType{{Type: "wall", Unit: "nanoseconds"}},
		PeriodType: &pprof.ValueType{Type: "wall", Unit: "nanoseconds"}}
	at := func(name string) *pprof.Location {
		f := &pprof.Function{ID: uint64(len(p.Function) + 1), Name: name, SystemName: name, Filename: "some/file.go"}
		l := &pprof.Location{ID: f.ID, Line: []pprof.Line{{Function: f, Line: 1}}}
		p.Function, p.Location = append(p.Function, f), append(p.Location, l)
		return l
	}
	root := at("[running]")
	parent := at("crawlbench/internal/crawler/made.(*crawler).up")
	stack := []*pprof.Location{}
	for i := range names {
		stack = append([]*pprof.Location{at(fmt.Sprintf("crawlbench/internal/crawler/made.(*crawler).method%dOfManyThatThereAre", i))}, stack...)
		p.Sample = append(p.Sample, &pprof.Sample{Value: []int64{int64(1 + i%7)},
			Location: append(append([]*pprof.Location{}, stack...), parent, root)})
		if !deep || len(stack) == 100 {
			stack = nil
		}
	}
	dir := tb.TempDir()
	f, err := os.Create(filepath.Join(dir, "wall.pb.gz"))
	if err != nil {
		tb.Fatal(err)
	}
	defer f.Close()
	if err := p.Write(f); err != nil {
		tb.Fatal(err)
	}
	return func(name string) (*os.File, error) { return os.Open(filepath.Join(dir, name)) }
}

func BenchmarkFlame(b *testing.B) {
	for _, names := range []int{15_000, 60_000} {
		for _, deep := range []bool{false, true} {
			b.Run(fmt.Sprintf("names=%d/deep=%v", names, deep), func(b *testing.B) {
				open := walled(b, names, deep)
				for b.Loop() {
					if flame(open, "wall.pb.gz", "x") == "" {
						b.Fatal("the picture is empty")
					}
				}
			})
		}
	}
}
