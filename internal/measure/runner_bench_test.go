package measure

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"crawlbench/internal/graph"
	"crawlbench/internal/host/child"
	"crawlbench/internal/plan"
)

// BenchmarkChild measures the life of a child whose crawler fetches nothing, with the graph mapped: the overhead of a
// sample beyond its crawls, mostly process start.
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
		job, err := json.Marshal(Job{
			Cell:  plan.Cell{Impl: "idle", Graph: "g", Keys: "id", Workers: 2, Procs: 2, MaxPages: 1},
			Cache: path, Sample: time.Nanosecond,
		})
		if err != nil {
			b.Fatal(err)
		}
		b.Run(fmt.Sprintf("links=%d", len(g.Links)), func(b *testing.B) {
			for b.Loop() {
				end, err := child.Run(b.Context(), func() *exec.Cmd {
					cmd := exec.Command(os.Args[0], ChildVerb)
					cmd.Stdin = bytes.NewReader(job)
					return cmd
				}, time.Minute)
				if err != nil || end.Class != child.Done {
					b.Fatalf("%v, %+v", err, end)
				}
				var o Outcome
				if err := json.Unmarshal(end.Last, &o); err != nil || o.Wrong == "" {
					b.Fatalf("%v: %+v", err, o)
				}
			}
		})
	}
}
