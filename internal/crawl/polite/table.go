package polite

// Table is the queue and the state of each host. It is the part of a scheduler that its lock protects. A host takes
// 16 bytes, and a page 4 bytes in addition to its key, with no pointers for the garbage collector if the keys have
// none.
//
// A host is ready if it has a page, a free place and no reason to rest. Ready hosts take turns.
type Table[K comparable] struct {
	rules Rules
	times Times
	hosts arena[host]
	nodes arena[node[K]]
	free  uint32 // first unused node, plus one

	first, last uint32 // ready hosts, plus one; 0 means none
	outstanding int    // queued pages and turns
	waiting     int    // times that have not come
	gaps        map[uint32]int64

	// Freed, if not nil, is called when a host has no page, no turn, and no reason to rest.
	Freed func(host uint32)
}

type host struct {
	first, last uint32 // nodes of its pages, plus one
	next        uint32 // host after it in the list of ready hosts, plus one; end for the last; 0 if it is not listed
	busy        uint16 // turns, and places that rest until the gap has passed
	rests       uint16 // reasons to rest, and asked
}

const (
	end   = 1<<32 - 1
	asked = 1 << 15 // robots.txt was asked for

	maxPlaces = asked - 2 // most turns of a host: each may be a reason to rest
)

type node[K comparable] struct {
	page K
	next uint32 // node after it, plus one
}

// Kinds of Due.
const (
	placeFree = iota // a place of the host is free again
	restEnds         // a reason to rest ends
)

// NewTable returns an empty table that keeps its times in times.
func NewTable[K comparable](rules Rules, times Times) *Table[K] {
	return &Table[K]{rules: rules, times: times}
}

// Outstanding returns the number of queued pages and turns.
func (t *Table[K]) Outstanding() int { return t.outstanding }

// Ready reports whether Take would succeed.
func (t *Table[K]) Ready() bool { return t.first != 0 }

// Add queues pages.
func (t *Table[K]) Add(found Found[K]) {
	t.outstanding += len(found.Pages)
	for i, page := range found.Pages {
		h := t.hosts.at(found.Hosts[i])
		n := t.node(page)
		if h.last == 0 {
			h.first = n
		} else {
			t.nodes.at(h.last - 1).next = n
		}
		h.last = n
		t.list(found.Hosts[i], h)
	}
}

// node returns a node with a page, plus one.
func (t *Table[K]) node(page K) uint32 {
	n := t.free
	if n == 0 {
		n = t.nodes.grow() + 1
	} else {
		t.free = t.nodes.at(n - 1).next
	}
	*t.nodes.at(n - 1) = node[K]{page: page}
	return n
}

// list puts a host into the list of ready hosts, if it is ready.
func (t *Table[K]) list(number uint32, h *host) {
	if h.first == 0 && t.Freed != nil && h.busy == 0 && h.rests&^asked == 0 {
		t.Freed(number)
	}
	if h.next != 0 || h.first == 0 || h.rests&^asked > 0 || int(h.busy) >= t.rules.PerHost {
		return
	}
	h.next = end
	if t.last == 0 {
		t.first = number + 1
	} else {
		t.hosts.at(t.last - 1).next = number + 1
	}
	t.last = number + 1
}

// Take sets turn to a turn of the first ready host, and returns false if there is none. A pointer, because to copy
// what was just written field by field stalls the processor.
func (t *Table[K]) Take(turn *Turn[K]) bool {
	for t.first != 0 {
		number := t.first - 1
		h := t.hosts.at(number)
		if t.first = h.next; t.first == end {
			t.first, t.last = 0, 0
		}
		h.next = 0
		if h.rests&^asked > 0 { // it was asked to rest while it was listed
			continue
		}
		n := t.nodes.at(h.first - 1)
		*turn = Turn[K]{Page: n.page, Host: number, valid: true}
		if t.rules.Robots && h.rests&asked == 0 {
			h.rests |= asked
			h.rests++ // until it has answered
			turn.Robots = true
			t.outstanding++
		} else {
			t.unlink(h, n)
		}
		if !t.rules.OneHost {
			h.busy++
		}
		if t.rules.FromStart {
			h.rests++ // until the gap after the start has passed
		}
		t.list(number, h)
		return true
	}
	return false
}

// unlink removes the first page of a host, which is in n.
func (t *Table[K]) unlink(h *host, n *node[K]) {
	free := h.first
	h.first = n.next
	if h.first == 0 {
		h.last = 0
	}
	*n = node[K]{next: t.free} // a URL is not kept
	t.free = free
}

// Begin says that the fetch of a turn begins now.
func (t *Table[K]) Begin(turn Turn[K], now int64) {
	t.push(Due{now + t.gap(turn.Host), turn.Host, restEnds})
}

func (t *Table[K]) push(d Due) {
	t.times.Push(d)
	t.waiting++
}

// gap returns the gap of a host.
func (t *Table[K]) gap(host uint32) int64 {
	if t.gaps == nil {
		return t.rules.Gap
	}
	if gap, ok := t.gaps[host]; ok {
		return gap
	}
	return t.rules.Gap
}

// End ends a turn. now is needed only if there are gaps or rests.
func (t *Table[K]) End(turn *Turn[K], now int64) {
	h := t.hosts.at(turn.Host)
	t.outstanding--
	if turn.Gap > 0 && int64(turn.Gap) != t.rules.Gap {
		if t.gaps == nil {
			t.gaps = map[uint32]int64{}
		}
		t.gaps[turn.Host] = int64(turn.Gap)
	}
	if turn.Robots {
		h.rests--
		if turn.Again {
			h.rests &^= asked
		}
	} else if turn.Again {
		t.outstanding++
		n := t.node(turn.Page)
		t.nodes.at(n - 1).next = h.first
		h.first = n
		if h.last == 0 {
			h.last = n
		}
	}
	if turn.Rest > 0 {
		h.rests++
		t.push(Due{now + int64(turn.Rest), turn.Host, restEnds})
	}
	gap := t.gap(turn.Host)
	switch {
	case t.rules.OneHost:
	case turn.Skipped:
		h.busy--
		if t.rules.FromStart {
			h.rests--
		}
	case t.rules.FromStart || gap == 0:
		h.busy--
	default:
		t.push(Due{now + gap, turn.Host, placeFree})
	}
	t.list(turn.Host, h)
}

// Release makes the hosts ready whose time has come.
func (t *Table[K]) Release(now int64) {
	for {
		due, ok := t.times.Pop(now)
		if !ok {
			return
		}
		t.waiting--
		h := t.hosts.at(due.Host)
		if due.Kind == placeFree {
			h.busy--
		} else {
			h.rests--
		}
		t.list(due.Host, h)
	}
}

// advance ends a turn, unless it is the zero Turn, queues pages, and takes the next turn. It returns false if there is
// none, or if now is needed and unknown, which is below 0.
func (t *Table[K]) advance(turn *Turn[K], found Found[K], now int64) bool {
	if turn.valid {
		t.End(turn, now)
	}
	if len(found.Pages) > 0 {
		t.Add(found)
	}
	if t.waiting > 0 {
		if now < 0 {
			return false
		}
		if at, ok := t.times.Next(); ok && at <= now {
			t.Release(now)
		}
	}
	return t.Take(turn)
}

// Rest makes a host rest until a time, and sets its gap from now on, unless that is 0. It is for pauses that the table
// does not see itself.
func (t *Table[K]) Rest(host uint32, until, gap int64) {
	if gap > 0 && gap != t.rules.Gap {
		if t.gaps == nil {
			t.gaps = map[uint32]int64{}
		}
		t.gaps[host] = gap
	}
	t.hosts.at(host).rests++
	t.push(Due{until, host, restEnds})
}

// Gap returns the gap of a host.
func (t *Table[K]) Gap(host uint32) int64 { return t.gap(host) }
