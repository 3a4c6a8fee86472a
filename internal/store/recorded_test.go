package store

import (
	"testing"
	"time"

	"crawlbench/internal/web"
)

func TestTheMeanWaitIsThatOfTheModelOrOfTheGraph(t *testing.T) {
	g := GraphInfo{RecordedMean: 30 * time.Millisecond, RecordedMedian: 10 * time.Millisecond}
	for _, test := range []struct {
		latency web.Latency
		want    time.Duration
	}{
		{web.Latency{}, 0},
		{web.Latency{Model: "constant", Median: time.Second}, time.Second},
		{web.Latency{Model: web.Recorded}, 30 * time.Millisecond},
		{web.Latency{Model: web.Recorded, Median: 2 * time.Millisecond}, 6 * time.Millisecond},
	} {
		if got := g.MeanWait(test.latency); got != test.want {
			t.Errorf("%+v: %v, want %v", test.latency, got, test.want)
		}
	}
}
