package diagnose_test

import (
	"testing"

	"crawlbench/internal/diagnose"
	"crawlbench/internal/testing/runtest"
)

func BenchmarkAnalyse(b *testing.B) {
	run := runtest.BigRun(b, false)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := diagnose.Analyse(run); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkCompare(b *testing.B) {
	run := runtest.BigRun(b, false)
	b.ReportAllocs()
	for b.Loop() {
		diagnose.Compare(run)
	}
}

func BenchmarkBetween(b *testing.B) {
	run := runtest.BigRun(b, false)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := diagnose.CompareRuns(run, run); err != nil {
			b.Fatal(err)
		}
	}
}
