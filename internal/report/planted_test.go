package report

import (
	"fmt"
	"strings"
	"testing"

	"crawlbench/internal/plan"
	"crawlbench/internal/stat"
	"crawlbench/internal/store"
)

// Of a run whose truth is known, table, plot and first sentence say the same: cas is twice as fast with two workers,
// syncmap takes half as long again, owner is equal with two workers, and with one far too noisy to tell.
func TestTableAndCaptionSayWhatIsTrue(t *testing.T) {
	a := fabricated(t, "rounds = 40\nstop = false", func(c plan.Cell, rec *store.Record) {
		switch {
		case c.Impl == "syncmap":
			rec.Sample.Values["sec/op"] *= 1.5
		case c.Impl == "owner" && c.Workers == 1:
			rec.Sample.Values["sec/op"] *= []float64{0.5, 2}[rec.Round%2]
		}
	})
	want := map[string]stat.Verdict{"cas 1": stat.Equivalent, "cas 2": stat.Faster, "syncmap 1": stat.Slower,
		"syncmap 2": stat.Slower, "owner 1": stat.Inconclusive, "owner 2": stat.Equivalent}
	table := a.Tables[0]
	v := versus(a, table)
	for _, row := range v.Rows {
		for i, n := range table.Workers {
			name := fmt.Sprintf("%s %d", row[0].Text, n)
			verdict, ok := want[name]
			if !ok {
				continue // the noise floor
			}
			if !strings.HasSuffix(row[1+i].Short, " "+verdictMark(verdict)) || row[1+i].Class != verdict.String() {
				t.Errorf("%s is %+v, want %v", name, row[1+i], verdict)
			}
			delete(want, name)
		}
	}
	if len(want) > 0 {
		t.Errorf("not in the table: %v", want)
	}
	f := forest(a, table, func(string) string { return "" })
	if !strings.Contains(f.Sentence, "Of 6 comparisons: 1 faster, 2 slower, 2 equivalent, 1 inconclusive;") {
		t.Errorf("caption %q", f.Sentence)
	}
	if s := summary(a); !strings.Contains(s, "cas with 2 workers") || !strings.Contains(s, "trust: good") {
		t.Errorf("summary %q", s)
	}
}
