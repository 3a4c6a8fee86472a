package frontier

import (
	"slices"
	"strconv"

	"crawlbench/internal/crawl"
	"crawlbench/internal/crawl/polite"
)

// queue is the queue of the hosts that this process owns, with what has changed in them since the last sync. The lock
// of its scheduler protects it.
type queue[K comparable] struct {
	codec[K]
	config
	budget, sizeHint int
	placeOf          func(K) place
	table            *polite.Table[K]
	heap             *polite.Heap
	rules            polite.Rules
	kick             chan struct{} // tells the courier that something has changed

	own  []*shard[K] // by number; nil if this process does not own it
	mail []message   // links for other shards, by shard

	begun     bool  // the seeds were added
	suspended bool  // no turn may begin, since the lease of this process has ended
	waiting   bool  // the server wakes this process when links come
	hungry    bool  // a worker found no turn
	open      int   // turns
	undone    int   // pages that are done, and not at the server
	news      int   // what is to be written to the server
	last      int64 // when that was last collected
}

// shard is a shard that this process owns.
type shard[K comparable] struct {
	number   int
	pages    map[K]uint32 // all that were found: number in the log, shifted by one, plus one if it was taken
	draining bool         // to be released when no turn is open
	open     int

	found           []byte // pages, since the last sync
	count           int    // of these
	asked           []K    // these, if the server must admit them
	done            []uint32
	clocks          map[uint32]clock // by host, in the time of the scheduler
	messages, links int              // that were read from the mailbox, and are still in it
}

// clean reports whether there is nothing to write.
func (s *shard[K]) clean() bool {
	return s.count == 0 && len(s.done) == 0 && len(s.clocks) == 0 && s.messages == 0
}

// message is a list of links.
type message struct {
	links []byte
	count int
}

func newQueue[K comparable](c config, o crawl.Options) *queue[K] {
	return &queue[K]{codec: codecOf[K](), config: c, budget: o.MaxPages, sizeHint: o.SizeHint,
		placeOf: placesOf[K](o.Politeness, c.shards), kick: make(chan struct{}, 1), own: make([]*shard[K], c.shards),
		mail: make([]message, c.shards)}
}

// schedule returns a scheduler of q.
func (q *queue[K]) schedule(rules polite.Rules) *polite.Timed[K] {
	q.rules, q.heap = rules, new(polite.Heap)
	q.clear()
	return polite.NewShared[K](rules, q, q.heap)
}

// clear forgets all shards, and everything that was not written.
func (q *queue[K]) clear() {
	*q.heap = nil
	q.table = polite.NewTable[K](q.rules, q.heap)
	clear(q.own)
	clear(q.mail)
	q.waiting, q.undone, q.news = false, 0, 0
}

// wakeCourier wakes the courier.
func (q *queue[K]) wakeCourier() { nudge(q.kick) }

// tell counts something to be written.
func (q *queue[K]) tell() {
	if q.news++; q.news == 1 {
		q.wakeCourier()
	}
}

// Outstanding implements polite.Queue.
func (q *queue[K]) Outstanding() int { return q.table.Outstanding() }

// blocked reports whether no turn may begin.
func (q *queue[K]) blocked() bool { return q.suspended || q.undone >= 2*q.batch }

// Ready implements polite.Queue.
func (q *queue[K]) Ready() bool { return !q.blocked() && q.table.Ready() }

// Release implements polite.Queue.
func (q *queue[K]) Release(now int64) { q.table.Release(now) }

// Add implements polite.Queue. It numbers hosts itself.
func (q *queue[K]) Add(found polite.Found[K]) {
	if !q.begun {
		q.begun = true
		q.wakeCourier()
	}
	for _, page := range found.Pages {
		at := q.placeOf(page)
		if s := q.own[at.shard]; s != nil {
			q.find(s, page, at.host)
			continue
		}
		m := &q.mail[at.shard]
		m.links = appendPage(m.links, q.encode(page))
		m.count++
		q.tell()
	}
}

// find queues a page of an own shard, unless it was found before.
func (q *queue[K]) find(s *shard[K], page K, host uint32) {
	if _, known := s.pages[page]; known {
		return
	}
	s.pages[page] = uint32(len(s.pages)) << 1
	s.found = appendPage(s.found, q.encode(page))
	s.count++
	if q.budget > 0 {
		s.asked = append(s.asked, page)
	} else {
		q.add(page, host)
	}
	q.tell()
}

// add queues a page.
func (q *queue[K]) add(page K, host uint32) {
	q.table.Add(polite.Found[K]{Pages: []K{page}, Hosts: []uint32{host}})
}

// Take implements polite.Queue. Pages of shards that this process does not own any more are still in the table.
func (q *queue[K]) Take(turn *polite.Turn[K]) bool {
	for !q.blocked() && q.table.Take(turn) {
		s := q.own[q.placeOf(turn.Page).shard]
		if s != nil && !s.draining {
			if code, known := s.pages[turn.Page]; known && code&1 == 0 {
				if !turn.Robots {
					s.pages[turn.Page] = code | 1
				}
				s.open++
				q.open++
				q.hungry = false
				return true
			}
		}
		turn.Skipped = true
		q.table.End(turn, 0)
	}
	*turn = polite.Turn[K]{}
	if !q.hungry {
		q.hungry = true
		q.wakeCourier()
	}
	return false
}

// Begin implements polite.Queue.
func (q *queue[K]) Begin(turn polite.Turn[K], now int64) {
	q.table.Begin(turn, now)
	q.rest(turn, now+q.table.Gap(turn.Host))
}

// rest notes until when the host of a turn rests.
func (q *queue[K]) rest(turn polite.Turn[K], until int64) {
	s := q.own[q.placeOf(turn.Page).shard]
	if s == nil {
		return
	}
	s.clocks[turn.Host] = clock{s.pages[turn.Page] >> 1, max(until, s.clocks[turn.Host].until), q.table.Gap(turn.Host)}
	q.tell()
}

// End implements polite.Queue.
func (q *queue[K]) End(turn *polite.Turn[K], now int64) {
	q.table.End(turn, now)
	q.open--
	s := q.own[q.placeOf(turn.Page).shard]
	if s == nil {
		return
	}
	s.open--
	gap := q.table.Gap(turn.Host)
	if q.rules.FromStart || turn.Skipped {
		gap = 0
	}
	if wait := max(gap, int64(turn.Rest)); !q.rules.OneHost && (wait > 0 || turn.Gap > 0) {
		q.rest(*turn, now+wait)
	}
	code := s.pages[turn.Page]
	switch {
	case turn.Robots:
	case turn.Again: // the table has queued it
		s.pages[turn.Page] = code &^ 1
	case q.suspended: // nobody knows whether it was cut short
		s.pages[turn.Page] = code &^ 1
		q.add(turn.Page, turn.Host)
	default:
		s.done = append(s.done, code>>1)
		if q.undone++; q.undone == q.batch {
			q.wakeCourier()
		}
		q.tell()
	}
	if q.suspended || s.draining {
		q.wakeCourier()
	}
}

// due reports whether a sync is needed, and otherwise when one may be. Workers may be idle for a linger, so that fast
// fetches do not cause many syncs.
func (q *queue[K]) due(now int64) (yes bool, wait int64) {
	switch since := now - q.last; {
	case !q.begun:
		return false, int64(q.lease)
	case q.suspended, q.undone >= q.batch:
		return true, 0
	case q.news > 0, !q.waiting && !q.table.Ready():
		return since >= int64(linger), int64(linger) - since
	}
	return false, int64(q.lease)
}

// outgoing is what a sync sends.
type outgoing[K comparable] struct {
	parts []part[K]
	mail  []message // by shard
	own   []int     // shards whose mailboxes are read
	idle  int       // 1 if there is no turn
	done  int
}

type part[K comparable] struct {
	shard               *shard[K]
	found, done, clocks []byte
	pages, ended        int // found and done
	asked               []K
	messages, links     int
}

// collect returns what is to be sent. offset is added to times of the scheduler, so that they are not before the
// server's.
func (q *queue[K]) collect(now, offset int64) outgoing[K] {
	out := outgoing[K]{mail: q.mail}
	q.mail = make([]message, q.shards)
	q.last, q.news = now, 0
	if !q.table.Ready() {
		out.idle = 1
	}
	for _, s := range q.own {
		if s == nil {
			continue
		}
		if !s.draining {
			out.own = append(out.own, s.number)
		}
		if s.clean() {
			continue
		}
		var clocks []clock
		for _, c := range s.clocks {
			c.until = (c.until+offset)/1000 + 1
			clocks = append(clocks, c)
		}
		out.parts = append(out.parts, part[K]{shard: s, found: s.found, done: appendDone(nil, s.done),
			clocks: appendClocks(nil, clocks), pages: s.count, ended: len(s.done), asked: s.asked,
			messages: s.messages, links: s.links})
		out.done += len(s.done)
		s.found, s.count, s.asked, s.done, s.messages, s.links = nil, 0, nil, s.done[:0], 0, 0
		clear(s.clocks)
	}
	return out
}

// append appends o to the arguments of a sync.
func (o outgoing[K]) append(args []any) []any {
	for _, p := range o.parts {
		args = append(args, p.shard.number, p.found, p.pages, p.done, p.ended, p.clocks, p.messages, p.links)
	}
	n := len(args)
	args = append(args, 0)
	count := 0
	for shard, m := range o.mail {
		if m.count > 0 {
			args = append(args, shard, m.links, m.count)
			count++
		}
	}
	args[n] = count
	for _, shard := range o.own {
		args = append(args, shard)
	}
	return args
}

// receive takes the answer to a sync: the links that came, and how many pages of each part were admitted.
func (q *queue[K]) receive(out outgoing[K], mail, admitted []any, now int64) error {
	q.undone -= out.done
	q.waiting = out.idle == 1 && len(mail) == 0
	if q.budget > 0 {
		for i, p := range out.parts {
			for _, page := range p.asked[:min(number(admitted, i), int64(len(p.asked)))] {
				q.add(page, q.placeOf(page).host)
			}
		}
	}
	for i := 0; i+1 < len(mail); i += 2 {
		shard, err := strconv.Atoi(text(mail, i))
		if err != nil || shard < 0 || shard >= len(q.own) || q.own[shard] == nil {
			return errRecord
		}
		s := q.own[shard]
		for _, m := range list(mail, i+1) {
			text, _ := m.(string)
			s.messages++
			q.tell()
			if err := pagesOf(text, func(encoded string) error {
				s.links++
				page, err := q.decode(encoded)
				if err == nil {
					q.find(s, page, q.placeOf(page).host)
				}
				return err
			}); err != nil {
				return err
			}
		}
	}
	return nil
}

// released gives up the draining shards that are free to go, and returns their numbers.
func (q *queue[K]) released() (list []int) {
	for i, s := range q.own {
		if s != nil && s.draining && s.open == 0 && s.clean() {
			list = append(list, i)
			q.own[i] = nil
		}
	}
	return list
}

// drain makes n shards draining, including those that already are.
func (q *queue[K]) drain(n int) {
	for _, s := range q.own {
		if s != nil && s.draining {
			n--
		}
	}
	for _, s := range slices.Backward(q.own) {
		if n > 0 && s != nil && !s.draining {
			s.draining = true
			n--
		}
	}
}

// draining reports whether shards are to be released.
func (q *queue[K]) draining() bool {
	return slices.ContainsFunc(q.own, func(s *shard[K]) bool { return s != nil && s.draining })
}

// taken is a shard that was taken.
type taken struct {
	shard   int
	crashed bool // its last owner died
}

// missing returns the shards that the server lists as this process's own and that it has not
// loaded.
func (q *queue[K]) missing(own []any) (list []taken) {
	for i := 0; i+1 < len(own); i += 2 {
		shard := int(number(own, i))
		if shard < len(q.own) && q.own[shard] == nil {
			list = append(list, taken{shard, number(own, i+1) == 1})
		}
	}
	return list
}

// load takes over a shard, given its log. offset is subtracted from times of the server, so that they are not before
// the scheduler's.
func (q *queue[K]) load(t taken, log []any, offset, now int64) error {
	s := &shard[K]{number: t.shard, pages: map[K]uint32{}, clocks: map[uint32]clock{}}
	var pages []K
	last := map[uint32]clock{} // by host
	for i := 0; i+2 < len(log); i += 3 {
		err := pagesOf(text(log, i), func(encoded string) error {
			page, err := q.decode(encoded)
			s.pages[page] = uint32(len(pages)) << 1
			pages = append(pages, page)
			return err
		})
		if err != nil {
			return err
		}
		done, err := doneOf(text(log, i+1))
		if err != nil {
			return err
		}
		clocks, err := clocksOf(text(log, i+2))
		if err != nil {
			return err
		}
		for _, p := range done {
			if int(p) >= len(pages) {
				return errRecord
			}
			s.pages[pages[p]] |= 1
		}
		for _, c := range clocks {
			if int(c.page) >= len(pages) {
				return errRecord
			}
			c.until = c.until*1000 - offset
			last[q.placeOf(pages[c.page]).host] = c
		}
	}
	hosts := map[uint32]bool{}
	for _, page := range pages {
		host := q.placeOf(page).host
		hosts[host] = true
		if s.pages[page]&1 == 0 {
			q.add(page, host)
		}
	}
	for host := range hosts {
		c := last[host]
		gap := c.gap
		if gap == 0 {
			gap = q.table.Gap(host)
		}
		if t.crashed { // its last owner may have asked the host until its lease ended
			c.until = max(c.until, now+gap)
		}
		if c.until > now && !q.rules.OneHost {
			q.table.Rest(host, c.until, c.gap)
		}
	}
	q.own[t.shard] = s
	q.waiting = false // links may have come before
	return nil
}
