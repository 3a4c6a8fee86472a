package hostlog

import (
	"cmp"
	"slices"
	"time"
)

// The states of a host in a Strip, from the least to the most notable.
const (
	StripNone  = ' ' // no page is known, or all are done
	StripGap   = '.' // it has pages and must not be asked
	StripBusy  = '#' // a page is being fetched
	StripReady = '!' // it has pages, could be asked, and is not
)

// Strip returns a line for each of the given hosts, of a number of columns of equal time up to end: the state of the
// host for most of that time, except that StripReady needs only a quarter of it. A block of StripReady below a host
// that is busy or rests is head-of-line blocking.
func Strip(s *Site, r Rules, log Log, hosts []uint32, columns int, end time.Duration) []string {
	return strips(events(s, r, log), r, hosts, columns, end)
}

func strips(list []event, r Rules, hosts []uint32, columns int, end time.Duration) []string {
	own := map[uint32][]event{}
	for _, host := range hosts {
		own[host] = nil
	}
	for _, e := range list {
		if of, ok := own[e.host]; ok {
			own[e.host] = append(of, e)
		}
	}
	lines := make([]string, len(hosts))
	for i, host := range hosts {
		lines[i] = strip(own[host], r, columns, end)
	}
	return lines
}

// Narrow returns a line of a Strip with share columns in each of its own: the state of the host for most of that time,
// except that StripReady needs only a quarter of it.
func Narrow(line string, share int) string {
	columns := []rune(line)
	var b []rune
	for part := range slices.Chunk(columns, share) {
		of := map[rune]int{}
		for _, state := range part {
			of[state]++
		}
		most := slices.MaxFunc(states(), func(a, b rune) int { return cmp.Compare(of[a], of[b]) })
		if 4*of[StripReady] >= len(part) {
			most = StripReady
		}
		b = append(b, most)
	}
	return string(b)
}

// Share returns how many columns of a line of a Strip must share one, so that it takes at most room, or any number if
// room is not positive.
func Share(columns, room int) int {
	if room <= 0 {
		return 1
	}
	return max(1, (columns+room-1)/room)
}

// states returns the states of a host, the more notable ones first: they win if two took the same time.
func states() []rune { return []rune{StripReady, StripBusy, StripGap, StripNone} }

// strip returns the line of a host with these events.
func strip(list []event, r Rules, columns int, end time.Duration) string {
	times := make([]map[rune]time.Duration, columns)
	for i := range times {
		times[i] = map[rune]time.Duration{}
	}
	var pages, places, rest, busy int
	last, state := time.Duration(0), StripNone
	spend := func(to time.Duration) {
		for to = min(to, end); last < to; {
			column := min(int(int64(last)*int64(columns)/int64(end)), columns-1)
			until := min(to, (end*time.Duration(column+1)+time.Duration(columns)-1)/time.Duration(columns))
			times[column][state] += until - last
			last = until
		}
	}
	for _, e := range list {
		spend(e.at)
		pages, places, rest, busy = pages+int(e.pages), places+int(e.places), rest+int(e.rest), busy+int(e.busy)
		switch {
		case busy > 0:
			state = StripBusy
		case pages <= 0:
			state = StripNone
		case rest > 0 || places >= r.Policy.Width():
			state = StripGap
		default:
			state = StripReady
		}
	}
	spend(end)
	line := make([]rune, columns)
	for i, of := range times {
		line[i] = slices.MaxFunc(states(), func(a, b rune) int { return cmp.Compare(of[a], of[b]) })
		if 4*of[StripReady] >= end/time.Duration(columns) {
			line[i] = StripReady
		}
	}
	return string(line)
}
