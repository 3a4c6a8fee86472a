package store_test

import (
	"path/filepath"
	"testing"

	"crawlbench/internal/store"
	"crawlbench/internal/testing/runtest"
)

// BenchmarkAppend commits samples one by one, each with a sync, as a run does between its children.
func BenchmarkAppend(b *testing.B) {
	big, err := runtest.Big(false)
	if err != nil {
		b.Fatal(err)
	}
	records := runtest.BigRun(b, false).Records()
	var run *store.Run
	for i := 0; b.Loop(); i++ {
		if at := i % len(records); at == 0 {
			b.StopTimer()
			if run, err = store.Create(filepath.Join(b.TempDir(), "run"), big.Manifest, big.Plan); err != nil {
				b.Fatal(err)
			}
			b.Cleanup(func() { run.Close() })
			b.StartTimer()
		}
		if err := run.Append(records[i%len(records)]); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkOpen(b *testing.B) {
	dir := runtest.BigRun(b, false).Dir()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := store.Open(dir); err != nil {
			b.Fatal(err)
		}
	}
}
