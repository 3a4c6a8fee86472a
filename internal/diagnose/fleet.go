package diagnose

import (
	"crawlbench/internal/stat"
	"crawlbench/internal/store"
)

// fleet summarises how the processes of a fleet shared the cell's samples: medians, and the longest skew; nil if one
// process crawled alone.
func (c *Cell) fleet() *store.Fleet {
	var least, calls []float64
	out := &store.Fleet{}
	for _, rec := range c.Records {
		f := rec.Sample.Fleet
		if f == nil {
			continue
		}
		least, calls = append(least, f.LeastToMost), append(calls, f.Calls)
		out.Skew = max(out.Skew, f.Skew)
	}
	if len(least) == 0 {
		return nil
	}
	out.LeastToMost, out.Calls = stat.Quantile(least, 0.5), stat.Quantile(calls, 0.5)
	return out
}
