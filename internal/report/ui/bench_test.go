package ui

import (
	"fmt"
	"net/http"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"crawlbench/internal/testing/runtest"
)

// BenchmarkBig serves a run of 1,000 cells and 4,000 profiles. It measures the start, the first
// report, which reads the run, the slowest of the other pages, and the memory after more flame
// graphs than the cache holds.
func BenchmarkBig(b *testing.B) {
	dir := b.TempDir()
	made, err := runtest.Big(true)
	if err != nil {
		b.Fatal(err)
	}
	run, err := made.Write(filepath.Join(dir, "big"))
	if err != nil {
		b.Fatal(err)
	}
	run.Close()
	var ids []string
	for _, c := range run.Plan().Cells {
		if !c.IsControl() {
			ids = append(ids, c.ID())
		}
	}
	run, made = nil, runtest.Run{}
	runtime.GC()
	worst := map[string]time.Duration{}
	var heap uint64
	ask := func(h http.Handler, what, path string) {
		begin := time.Now()
		if w := get(h, path, nil); w.Code/100 != 2 {
			b.Fatalf("%s: code %d: %.300s", path, w.Code, w.Body)
		}
		worst[what] = max(worst[what], time.Since(begin))
	}
	for b.Loop() {
		begin := time.Now()
		s, err := New(dir)
		if err != nil {
			b.Fatal(err)
		}
		h := guard(s, false)
		worst["start"] = max(worst["start"], time.Since(begin))
		ask(h, "list", "/")
		ask(h, "first-answer", "/runs/big/") // the run, or the page that says it is being read
		begin = time.Now()
		for get(h, "/runs/big/", nil).Code == http.StatusAccepted {
		}
		worst["until-read"] = max(worst["until-read"], time.Since(begin))
		ask(h, "report", "/runs/big/")
		for _, by := range []string{"throughput", "bound", "lock"} {
			ask(h, "matrix", "/runs/big/matrix/"+by+"/")
		}
		for i := range 2 * flameMemory / leastFlame {
			id, other := ids[i*7%len(ids)], ids[(i*7+1)%len(ids)]
			ask(h, "cell", "/runs/big/cells/"+id+"/")
			ask(h, "flame", "/runs/big/cells/"+id+"/wall/ui/flamegraph")
			ask(h, "difference", fmt.Sprintf("/runs/big/diff/%s/big/%s/", id, other))
			ask(h, "difference-flame", fmt.Sprintf("/runs/big/diff/%s/big/%s/cpu/page/ui/flamegraph", id, other))
		}
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		heap = max(heap, m.HeapSys-m.HeapReleased)
		s.Close()
	}
	for what, d := range worst {
		b.ReportMetric(float64(d.Microseconds())/1000, what+"-ms")
	}
	b.ReportMetric(float64(heap)/1e6, "heap-MB")
}
