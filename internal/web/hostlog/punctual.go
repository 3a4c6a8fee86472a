package hostlog

import (
	"cmp"
	"slices"
)

// late is the share of fetches, one in late, that may reach the site late. A crawler with more is not polite.
const late = 20

// Punctual returns the log with the times at which the crawler may have begun its fetches. A gap from the start is kept
// by the crawler's clock, and a crawler that loses the processor between that clock and the site's makes the next gap
// look short. The gap before it then looks longer by as much: such a fetch is moved. The log is unchanged if a short
// gap is not made up for, if there are too many, or if gaps are measured from the end.
func Punctual(s *Site, r Rules, log Log) Log {
	if !r.Policy.FromStart {
		return log
	}
	moved, at, count := slices.Clone(log), known(s, log), 0
	hosts := make([][]int, s.hosts())
	for i, e := range log {
		hosts[e.Host] = append(hosts[e.Host], i)
	}
	for _, list := range hosts {
		slices.SortStableFunc(list, func(a, b int) int { return cmp.Compare(log[a].Start, log[b].Start) })
		fetches := make(Log, len(list))
		for i, n := range list {
			fetches[i] = log[n]
		}
		gaps := gapsOf(r, fetches)
		for i := 1; i < len(list); i++ {
			e := &moved[list[i-1]]
			due := fetches[i].Start - gaps[i-1]
			if due+r.Tolerance >= e.Start {
				continue
			}
			least := at[e.Page]
			if e.Robots {
				least = 0
			}
			if i > 1 {
				least = max(least, moved[list[i-2]].Start+gaps[i-2])
			}
			if due+r.Tolerance < least {
				return log
			}
			e.Start = max(due, least)
			count++
		}
	}
	if count > 1+len(log)/late {
		return log
	}
	return moved
}
