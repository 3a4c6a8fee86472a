package paper

import (
	"cmp"
	"math"
	"math/rand/v2"
	"time"
)

const (
	// moments is the number of times that a simulation samples all hosts and workers in its window.
	moments = 50
	// unanswered is how many batches of a process may be without an answer before its workers wait.
	unanswered = 2
)

// what is the kind of an event.
type what uint8

const (
	begins  what = iota // it has nothing to do
	rested              // its host has rested
	fetched             // its fetch has ended
	handled             // its process has handled the page
	// The following happen to a process.
	lingered // it has let results gather for long enough
	answered // the server has answered its call
)

// pool holds the hosts that the workers of a process, or of all processes, can fetch from.
type pool struct {
	hosts heap
	idle  []int32 // workers for which there is no host
}

// process is a process of the fleet. It makes one call to the server at a time.
type process struct {
	results   int     // pages that were handled and not sent
	sent      int     // pages in the call in progress
	last      int64   // when the last call was answered
	lingering bool    // it lets results gather
	waiting   int     // workers that wait for a host
	blocked   []int32 // workers that wait for an answer
}

// simulation is a simulation in progress.
type simulation struct {
	Model
	events    heap
	pools     []pool // one per process, or one
	hosts     []item // of workers
	processes []process
	cpu       []core
	server    core
	draw      *rand.Rand
	now       int64

	// What happened in the window so far, and the sums of shares at the moments.
	pages, calls, carried int
	woken                 int   // calls for which the server woke up
	waited                int64 // by calls

	ready, polite, misplaced, blocked float64
}

// core is a processor, or the thread of the server, that does one thing after the other.
type core struct {
	free int64 // when it has done what it was given
	busy int64 // time for what it was given, in the window
}

// do gives the core work at a time, and returns when it begins and ends it.
func (c *core) do(at int64, cost time.Duration) (begin, end int64) {
	begin = max(at, c.free)
	c.free = begin + int64(cost)
	c.busy += int64(cost)
	return begin, c.free
}

// interrupt gives the core work that it does at once, before its other work.
func (c *core) interrupt(at int64, cost time.Duration) (end int64) {
	c.do(at, cost)
	return at + int64(cost)
}

// spent returns how long the core was busy until a time, if it was given no work after it.
func (c *core) spent(at int64) int64 { return c.busy - max(0, c.free-at) }

// Simulate simulates the model.
func Simulate(m Model) (Result, error) {
	if err := m.Check(); err != nil {
		return Result{}, err
	}
	s := &simulation{
		Model: m, hosts: make([]item, m.Processes*m.Workers), processes: make([]process, m.Processes),
		cpu: make([]core, cmp.Or(m.Shared, m.Processes)), draw: rand.New(rand.NewPCG(m.Seed, 1)),
	}
	r := Result{Processes: m.Processes, Imbalance: s.place(), Extrapolated: m.Processes > m.Costs.Processes}
	for w := range s.hosts {
		s.events.push(item{0, int32(w), begins})
	}
	s.runUntil(int64(m.WarmUp))
	server0, clients0 := s.spent()
	s.pages, s.calls, s.carried, s.woken, s.waited = 0, 0, 0, 0, 0
	for range moments {
		s.runUntil(s.now + int64(m.Window)/moments)
		s.look()
	}
	server, clients := s.spent()
	window := float64(s.now - int64(m.WarmUp))
	r.Rate = float64(s.pages) / (window / float64(time.Second))
	r.Server = float64(server-server0) / window
	r.Client = float64(clients-clients0) / window / float64(len(s.cpu))
	r.Ready, r.Blocked = s.ready/moments, s.blocked/moments
	r.Polite, r.Misplaced = s.polite/moments, s.misplaced/moments
	if s.calls > 0 {
		r.Wait = time.Duration(s.waited / int64(s.calls))
		r.Batch = float64(s.carried) / float64(s.calls)
		r.Woken = float64(s.woken) / float64(s.calls)
	}
	r.Binds = r.limit()
	return r, nil
}

// runUntil processes all events before a time.
func (s *simulation) runUntil(end int64) {
	for len(s.events) > 0 && s.events[0].at < end {
		e := s.events.pop()
		s.now = e.at
		s.step(e)
	}
	s.now = end
}

// spent returns for how long the server and the processors were busy so far.
func (s *simulation) spent() (server, clients int64) {
	for i := range s.cpu {
		clients += s.cpu[i].spent(s.now)
	}
	return s.server.spent(s.now), clients
}

// place gives the hosts to processes, and returns the imbalance. Hosts are ready at different times, as in the middle
// of a crawl: otherwise they would all rest at the same time for a while.
func (s *simulation) place() float64 {
	s.pools = make([]pool, 1)
	if s.Sharded {
		s.pools = make([]pool, s.Processes)
	}
	for h := range s.Hosts {
		p := 0
		if s.Sharded {
			p = owner(uint64(h), s.Seed, s.Shards, s.Processes)
		}
		s.pools[p].hosts.push(item{s.draw.Int64N(int64(s.Gap) + 1), int32(h), 0})
	}
	most := 0
	for i := range s.pools {
		most = max(most, len(s.pools[i].hosts))
	}
	return float64(most) * float64(len(s.pools)) / float64(s.Hosts)
}

// owner returns the process of a host: it hashes to a shard, and the processes share the shards as evenly as possible.
func owner(host, seed uint64, shards, processes int) int {
	return int(mix(host^mix(seed))%uint64(shards)) % processes
}

// mix is the finaliser of SplitMix64 (Steele, Lea and Flood, OOPSLA 2014).
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// step processes an event.
func (s *simulation) step(e item) {
	switch e.what {
	case begins:
		s.take(e.id)
	case rested:
		s.processOf(e.id).waiting--
		s.fetch(e.id)
	case fetched:
		s.fetched(e.id)
	case handled:
		p := s.processOf(e.id)
		p.results++
		s.courier(e.id / int32(s.Workers))
		if s.full(p) {
			p.blocked = append(p.blocked, e.id)
		} else {
			s.take(e.id)
		}
	case lingered:
		s.processes[e.id].lingering = false
		s.courier(e.id)
	case answered:
		s.answered(e.id)
	}
}

func (s *simulation) processOf(worker int32) *process { return &s.processes[int(worker)/s.Workers] }

// full reports whether the workers of a process must wait for an answer.
func (s *simulation) full(p *process) bool { return p.results+p.sent >= unanswered*s.Costs.Batch }

// fetched ends the fetch of a worker.
func (s *simulation) fetched(worker int32) {
	n := int(worker) / s.Workers
	s.hosts[worker].at = s.now + int64(s.Gap)
	from := s.pool(n)
	from.hosts.push(s.hosts[worker])
	if last := len(from.idle) - 1; last >= 0 {
		idle := from.idle[last]
		from.idle = from.idle[:last]
		s.processOf(idle).waiting--
		s.take(idle)
	}
	cost := s.ClientPage
	if s.Median > 0 || s.latency != nil {
		cost += s.ClientWait
	}
	_, done := s.processor(n).do(s.now, cost)
	s.events.push(item{done, worker, handled})
}

// courier makes a call for a process that makes none if it has results, and a batch is full, a worker has nothing to
// do, or results have gathered since the last call for long enough.
func (s *simulation) courier(n int32) {
	p := &s.processes[n]
	switch due := p.last + int64(s.Linger); {
	case p.sent > 0 || p.results == 0:
	case p.results >= s.Costs.Batch || p.waiting > 0 || s.now >= due:
		p.sent = min(p.results, s.Costs.Batch)
		p.results -= p.sent
		ready := s.processor(int(n)).interrupt(s.now, s.ClientCall)
		s.events.push(item{s.call(ready, p.sent), n, answered})
	case !p.lingering:
		p.lingering = true
		s.events.push(item{due, n, lingered})
	}
}

// answered ends the call of a process.
func (s *simulation) answered(n int32) {
	p := &s.processes[n]
	s.pages += p.sent
	p.sent, p.last = 0, s.now
	s.courier(n)
	for len(p.blocked) > 0 && !s.full(p) {
		last := len(p.blocked) - 1
		worker := p.blocked[last]
		p.blocked = p.blocked[:last]
		s.take(worker)
	}
}

// pool returns what a process can fetch from.
func (s *simulation) pool(process int) *pool { return &s.pools[process%len(s.pools)] }

// processor returns what a process computes on: its own processor, or the one of those shared that is free first.
func (s *simulation) processor(process int) *core {
	if s.Shared == 0 {
		return &s.cpu[process]
	}
	best := 0
	for i := range s.cpu {
		if s.cpu[i].free < s.cpu[best].free {
			best = i
		}
	}
	return &s.cpu[best]
}

// take gives a worker the host that is ready first; it waits if necessary. Since all hosts rest for the same time, no
// other host can become ready sooner.
func (s *simulation) take(worker int32) {
	p, from := s.processOf(worker), s.pool(int(worker)/s.Workers)
	if len(from.hosts) == 0 {
		p.waiting++
		from.idle = append(from.idle, worker)
		return
	}
	host := from.hosts.pop()
	s.hosts[worker] = host
	if host.at > s.now {
		p.waiting++
		s.events.push(item{host.at, worker, rested})
		return
	}
	s.fetch(worker)
}

// fetch begins the fetch of a worker.
func (s *simulation) fetch(worker int32) {
	d := s.Median
	switch {
	case s.latency != nil:
		d = s.latency(s.draw)
	case s.Sigma > 0:
		d = time.Duration(float64(d) * math.Exp(s.Sigma*s.draw.NormFloat64()))
	}
	s.events.push(item{s.now + int64(d), worker, fetched})
}

// call calls the server at a time for a number of pages, and returns when the answer is there.
func (s *simulation) call(at int64, pages int) int64 {
	there := at + int64(s.RoundTrip)/2
	cost := s.Costs.call(pages)
	s.calls++
	s.carried += pages
	if s.unbound {
		return at + int64(s.RoundTrip) + int64(cost)
	}
	if s.server.free <= there {
		cost += s.ServerWake
		s.woken++
	}
	begin, end := s.server.do(there, cost)
	if s.Shared > 0 { // the thread of the server needs a processor, which the system gives it soon, as it often waits
		s.processor(0).interrupt(begin, cost)
	}
	s.waited += begin - there
	return end + int64(s.RoundTrip)/2
}

// look counts the hosts that are ready and the workers that wait.
func (s *simulation) look() {
	ready, waiting, blocked := 0, 0, 0
	for i := range s.pools {
		for _, h := range s.pools[i].hosts {
			if h.at <= s.now {
				ready++
			}
		}
	}
	for i := range s.processes {
		waiting += s.processes[i].waiting
		blocked += len(s.processes[i].blocked)
	}
	misplaced := min(ready, waiting)
	s.ready += float64(ready) / float64(s.Hosts)
	s.blocked += float64(blocked) / float64(len(s.hosts))
	s.misplaced += float64(misplaced) / float64(len(s.hosts))
	s.polite += float64(waiting-misplaced) / float64(len(s.hosts))
}
