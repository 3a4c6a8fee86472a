package runner

import (
	"bytes"
	"encoding/json"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"crawlbench/internal/cell"
	"crawlbench/internal/graph"
	"crawlbench/internal/plan"
)

// BenchmarkChild is the life of a child in which the contender is called with the graph mapped, and fetches nothing: what a
// sample costs beyond its crawls, above all the start of the process.
func BenchmarkChild(b *testing.B) {
	for _, pages := range []int{1 << 10, 1 << 21} {
		g, err := graph.Build(b.Context(), graph.Spec{Kind: "uniform", Pages: pages, Degree: 15}, 0)
		if err != nil {
			b.Fatal(err)
		}
		path := filepath.Join(b.TempDir(), "g.graph")
		if err := graph.WriteCache(path, g, graph.Walk(g, nil)); err != nil {
			b.Fatal(err)
		}
		job, err := json.Marshal(cell.Job{
			Cell:  plan.Cell{Impl: "idle", Graph: "g", Keys: "id", Workers: 2, Procs: 2, MaxPages: 1},
			Cache: path, Sample: time.Nanosecond,
		})
		if err != nil {
			b.Fatal(err)
		}
		b.Run(fmt.Sprintf("links=%d", len(g.Links)), func(b *testing.B) {
			var r Runner
			for b.Loop() {
				var answer, output bytes.Buffer
				state, err := r.exec(b.Context(), false, bytes.NewReader(job), &answer, &output)
				if err != nil || !state.Success() {
					b.Fatalf("%v, %v: %s", state, err, &output)
				}
				var o cell.Outcome
				if err := json.Unmarshal(answer.Bytes(), &o); err != nil || o.Wrong == "" {
					b.Fatalf("%v: %+v", err, o)
				}
			}
		})
	}
}
