package store_test

import (
	"testing"

	"crawlbench/internal/madeup"
	"crawlbench/internal/store"
)

func BenchmarkOpen(b *testing.B) {
	dir := madeup.BigRun(b, false).Dir()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := store.Open(dir); err != nil {
			b.Fatal(err)
		}
	}
}
