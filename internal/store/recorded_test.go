package store

import (
	"testing"
	"time"

	"crawlbench/internal/graph"
)

func TestTheMeanWaitIsThatOfTheModelOrOfTheGraph(t *testing.T) {
	g := GraphInfo{RecordedMean: 30 * time.Millisecond, RecordedMedian: 10 * time.Millisecond}
	for _, test := range []struct {
		latency graph.Latency
		want    time.Duration
	}{
		{graph.Latency{}, 0},
		{graph.Latency{Model: "constant", Median: time.Second}, time.Second},
		{graph.Latency{Model: graph.Recorded}, 30 * time.Millisecond},
		{graph.Latency{Model: graph.Recorded, Median: 2 * time.Millisecond}, 6 * time.Millisecond},
	} {
		if got := g.MeanWait(test.latency); got != test.want {
			t.Errorf("%+v: %v, want %v", test.latency, got, test.want)
		}
	}
}
