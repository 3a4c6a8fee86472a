package report

import (
	"testing"

	"crawlbench/internal/diagnose"
	"crawlbench/internal/testing/runtest"
)

func BenchmarkWrite(b *testing.B) {
	a, err := diagnose.Analyse(runtest.BigRun(b, false))
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if err := Write(a); err != nil {
			b.Fatal(err)
		}
	}
}
