// Package hostwheel is hostheap with a timing wheel in place of the heap: the times at which hosts may be asked
// again are rounded up to a granularity, and there is a list for each of the next ticks.
//
// Setting and reaching a time costs the same however many hosts there are (Varghese and Lauck, SOSP 1987), but each
// page may begin a tick late: unforced idleness of up to the granularity per page is the price.
package hostwheel

import (
	"math/bits"
	"time"

	"crawlbench/internal/crawl"
	"crawlbench/internal/crawl/polite"
	"crawlbench/internal/crawl/visited"
)

// Crawler returns the crawler.
func Crawler() crawl.Crawler {
	granularity := crawl.Param{Name: "granularity", Doc: "length of a tick", Time: true,
		Default: int64(10 * time.Millisecond), Min: int64(10 * time.Microsecond), Max: int64(10 * time.Second)}
	return polite.Tuned("hostwheel", "polite: timing wheel of hosts by their next time, one lock", granularity,
		schedule[uint32], schedule[string], polite.Sets{ByID: visited.NewBits, ByURL: visited.NewTable})
}

func schedule[K comparable](granularity int64) polite.New[K] {
	return func(rules polite.Rules) polite.Scheduler[K] {
		times := &wheel{tick: granularity}
		return polite.NewTimed(rules, polite.NewTable[K](rules, times), times)
	}
}

// slots is the number of lists. Times that are further away share a list with nearer ones.
const slots = 4096

// wheel implements polite.Times.
type wheel struct {
	tick  int64              // nanoseconds
	lists [][]polite.Due     // by tick number, modulo slots
	used  [slots / 64]uint64 // which lists are not empty
	at    int64              // number of the tick whose list is being emptied
	place int                // in that list: entries before it are of later rounds
	count int
}

// tickOf returns the number of the tick at which d is due.
func (w *wheel) tickOf(d polite.Due) int64 { return (d.At + w.tick - 1) / w.tick }

func (w *wheel) Push(d polite.Due) {
	if w.lists == nil {
		w.lists = make([][]polite.Due, slots)
	}
	slot := max(w.at, w.tickOf(d)) % slots
	w.lists[slot] = append(w.lists[slot], d)
	w.used[slot/64] |= 1 << (slot % 64)
	w.count++
}

func (w *wheel) Pop(now int64) (polite.Due, bool) {
	for w.count > 0 && w.at*w.tick <= now {
		slot := w.at % slots
		list := w.lists[slot]
		for ; w.place < len(list); w.place++ {
			if d := list[w.place]; w.tickOf(d) <= w.at {
				last := len(list) - 1
				list[w.place] = list[last]
				w.lists[slot] = list[:last]
				if last == 0 {
					w.used[slot/64] &^= 1 << (slot % 64)
				}
				w.count--
				return d, true
			}
		}
		// A time that is set from now on is after now, so no tick up to now needs to be looked at again.
		w.at, w.place = min(w.after(w.at+1), now/w.tick+1), 0
	}
	return polite.Due{}, false
}

// after returns the number of the first tick from at on whose list is not empty. There is one.
func (w *wheel) after(at int64) int64 {
	slot := at % slots
	word := w.used[slot/64] >> (slot % 64)
	if word != 0 {
		return at + int64(bits.TrailingZeros64(word))
	}
	next := at - slot%64 + 64
	for range slots / 64 {
		if word := w.used[next%slots/64]; word != 0 {
			return next + int64(bits.TrailingZeros64(word))
		}
		next += 64
	}
	return next
}

func (w *wheel) Next() (int64, bool) {
	if w.count == 0 {
		return 0, false
	}
	return w.after(w.at) * w.tick, true
}
