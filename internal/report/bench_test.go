package report

import (
	"testing"

	"crawlbench/internal/diagnose"
	"crawlbench/internal/madeup"
)

func BenchmarkWrite(b *testing.B) {
	a, err := diagnose.Analyse(madeup.BigRun(b, false))
	if err != nil {
		b.Fatal(err)
	}
	dir := b.TempDir()
	b.ReportAllocs()
	for b.Loop() {
		if err := Write(dir, a); err != nil {
			b.Fatal(err)
		}
	}
}
