package frontier

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"

	"crawlbench/internal/crawl"
	"crawlbench/internal/crawl/polite"
)

// shards is redisshards: the crawler of package polite around a queue of the hosts that this process owns. One
// goroutine, the courier, writes what has happened in its shards to the server, sends links to other shards, and
// receives those for its own.
//
// For each shard, the server has its owner, a mailbox of links, and a log. A link is outstanding while it is in a
// mailbox, and a page from its entry in the log until it is done.
type shards[K comparable] struct {
	*session
	scheduler *polite.Timed[K]
	q         *queue[K]
	known     atomic.Pointer[crawl.Visited[K]] // links that this process has already had
	seeds     []K
	wakes     chan struct{}
	renewed   *time.Timer // runs when the lease of this process ends
	fetching  atomic.Pointer[fetching]
	parent    context.Context

	claim, log, sync *redis.Script

	offset [2]int64 // bounds of the time of the server less that of the scheduler, in ns
	syncs  int      // of this member
	tick   time.Time
	short  bool // the process has fewer shards than its share

	mu  sync.Mutex
	err error
}

// fetching is the context of fetches, which ends when the lease of the process does.
type fetching struct {
	ctx    context.Context
	cancel context.CancelFunc
}

func shardsOf[K comparable](c config) crawl.Func[K] {
	return func(ctx context.Context, web crawl.Web[K], seeds []K, o crawl.Options) (crawl.Result, error) {
		if err := ctx.Err(); err != nil {
			return crawl.Result{}, err
		}
		joined, err := c.join(ctx, o.Fleet)
		if err != nil {
			return crawl.Result{}, notEnded(err)
		}
		s := &shards[K]{session: joined, seeds: seeds, wakes: make(chan struct{}, 1), claim: joined.script("claim"),
			log: joined.script("log"), sync: joined.script("sync")}
		inner, cancel := context.WithCancel(ctx)
		defer cancel()
		s.parent = inner
		s.allow()
		s.q = newQueue[K](c, o)
		s.forget()
		closed := make(chan struct{})
		release := context.AfterFunc(ctx, func() {
			defer close(closed)
			s.client.Close() // nobody waits for an answer
		})
		stop := s.listen(inner, s.wakes)
		var carrying sync.WaitGroup
		begin := func(rules polite.Rules) *polite.Timed[K] {
			s.scheduler = s.q.schedule(rules)
			s.renewed = time.AfterFunc(s.lease, s.suspend)
			carrying.Go(func() { s.end(s.carry(inner)) })
			return s.scheduler
		}
		budget := o.MaxPages
		o.MaxPages = 0 // the server counts pages
		did, err := crawlerOf(s, begin)(ctx, s.cutShort(web, o), seeds, o)
		o.MaxPages = budget
		cancel()
		stop()
		carrying.Wait()
		if s.renewed != nil {
			s.renewed.Stop()
		}
		if !release() {
			<-closed
		}
		count(o, s.session)
		if err == nil {
			err = s.err
		}
		return did, err
	}
}

// crawlerOf returns the crawler of package polite with the scheduler that begin makes.
func crawlerOf[K comparable](s *shards[K], begin func(polite.Rules) *polite.Timed[K]) crawl.Func[K] {
	schedule := func(rules polite.Rules) polite.Scheduler[K] { return begin(rules) }
	set := func(int) crawl.Visited[K] { return s }
	var f any
	switch schedule := any(schedule).(type) {
	case func(polite.Rules) polite.Scheduler[uint32]:
		newSet := any(set).(func(int) crawl.Visited[uint32])
		f = polite.Crawler(s.name, "", schedule, nil, polite.Sets{ByID: newSet}).ByID
	case func(polite.Rules) polite.Scheduler[string]:
		newSet := any(set).(func(int) crawl.Visited[string])
		f = polite.Crawler(s.name, "", nil, schedule, polite.Sets{ByURL: newSet}).ByURL
	}
	return f.(crawl.Func[K])
}

// AddNew makes s the visited set of the crawler: a link is new unless this process has had it before.
func (s *shards[K]) AddNew(dst, links []K) []K { return (*s.known.Load()).AddNew(dst, links) }

// forget makes all links new again.
func (s *shards[K]) forget() {
	set := s.q.newSet(s.q.sizeHint)
	s.known.Store(&set)
}

// allow allows fetches.
func (s *shards[K]) allow() {
	ctx, cancel := context.WithCancel(s.parent)
	s.fetching.Store(&fetching{ctx, cancel})
}

// suspend ends all fetches, and lets none begin: the lease of this process has ended, and others may own its hosts.
func (s *shards[K]) suspend() {
	s.scheduler.Do(func(int64) { s.q.suspended = true })
	s.fetching.Load().cancel()
}

// cutShort returns web with fetches that end when the lease of this process does.
func (s *shards[K]) cutShort(web crawl.Web[K], o crawl.Options) crawl.Web[K] {
	if robots, ok := web.(crawl.RobotsWeb[K]); ok && o.Politeness != nil && o.Politeness.Robots {
		return shortRobots[K]{short[K]{web, &s.fetching}, robots}
	}
	return short[K]{web, &s.fetching}
}

type short[K comparable] struct {
	web      crawl.Web[K]
	fetching *atomic.Pointer[fetching]
}

func (s short[K]) Fetch(_ context.Context, page K) ([]K, error) {
	return s.web.Fetch(s.fetching.Load().ctx, page)
}

type shortRobots[K comparable] struct {
	short[K]
	robots crawl.RobotsWeb[K]
}

func (s shortRobots[K]) Robots(_ context.Context, page K) (crawl.Robots[K], error) {
	return s.robots.Robots(s.fetching.Load().ctx, page)
}

// end ends the crawl of this process.
func (s *shards[K]) end(err error) {
	s.mu.Lock()
	if s.err == nil {
		s.err = notEnded(err)
	}
	s.mu.Unlock()
	s.scheduler.Stop()
}

// carry makes calls until the crawl ends, and returns why it did.
func (s *shards[K]) carry(ctx context.Context) error {
	if err := s.takeShards(ctx); err != nil {
		return err
	}
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		var due bool
		var wait int64
		s.scheduler.Do(func(now int64) { due, wait = s.q.due(now) })
		if err := ctx.Err(); err != nil {
			return err
		}
		if until := time.Until(s.tick); until <= 0 {
			if err := s.takeShards(ctx); err != nil {
				return err
			}
			continue
		} else if !due {
			timer.Reset(min(time.Duration(wait), until))
			select {
			case <-s.q.kick:
			case <-s.wakes:
				s.scheduler.Do(func(int64) { s.q.waiting = false })
				if s.short {
					s.tick = time.Time{}
				}
			case <-timer.C:
			case <-ctx.Done():
			}
			continue
		}
		if err := s.exchange(ctx); err != nil {
			return err
		}
	}
}

// exchange makes a sync.
func (s *shards[K]) exchange(ctx context.Context) error {
	var out outgoing[K]
	var sent int64
	s.scheduler.Do(func(now int64) { out, sent = s.q.collect(now, s.offset[1]), now })
	s.syncs++
	begin := time.Now()
	args := append(s.args(8), s.syncs, s.lease.Microseconds(), s.q.budget, out.idle, len(out.parts))
	reply, err := s.durable(ctx, s.sync, out.append(args)...)
	switch {
	case err != nil:
		return err
	case ended(reply):
		return errEnded
	case number(reply, 0) == 2:
		return s.restart(ctx)
	}
	s.renew(begin)
	s.scheduler.Do(func(now int64) {
		s.hear(reply, sent, now)
		s.q.suspended = false
		err = s.q.receive(out, list(reply, 2), list(reply, 3), now)
	})
	return err
}

// renew notes that the lease of this process was renewed by a call that began at a time.
func (s *shards[K]) renew(begin time.Time) {
	s.renewed.Reset(s.lease - time.Since(begin))
	if s.fetching.Load().ctx.Err() != nil {
		s.allow()
	}
}

// hear records the time of the server, in us, which it told between two times here.
func (s *shards[K]) hear(reply []any, sent, received int64) {
	us, err := strconv.ParseInt(text(reply, 1), 10, 64)
	if err == nil {
		s.offset = [2]int64{us*1000 - received, (us+1)*1000 - sent}
	}
}

// restart joins the crawl again, as a new member, because the server no longer counts this one, or was restarted with
// an earlier state. What this process knows may be wrong, so it forgets everything.
func (s *shards[K]) restart(ctx context.Context) error {
	for s.suspend(); ; { // until no fetch is in flight whose result could be taken for a later one's
		open := 0
		s.scheduler.Do(func(int64) { open = s.q.open })
		if open == 0 {
			break
		}
		select {
		case <-s.q.kick:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	s.forget()
	s.scheduler.Do(func(int64) {
		s.q.clear()
		s.q.Add(polite.Found[K]{Pages: s.seeds}) // the server may have forgotten these too
	})
	if err := s.enter(ctx); err != nil {
		return err
	}
	s.syncs = 0
	return s.takeShards(ctx)
}

// takeShards takes free shards up to the share of this process, and releases those that are too many.
func (s *shards[K]) takeShards(ctx context.Context) error {
	var idle []int
	var sent int64
	s.scheduler.Do(func(now int64) { idle, sent = s.q.released(), now })
	begin := time.Now()
	s.syncs++
	args := append(s.args(4+len(idle)), s.syncs, s.lease.Microseconds(), s.fleet.Processes, s.shards)
	for _, shard := range idle {
		args = append(args, shard)
	}
	reply, err := s.durable(ctx, s.claim, args...)
	switch {
	case errors.Is(err, errForgot):
		return s.restart(ctx)
	case err != nil:
		return err
	case ended(reply):
		return errEnded
	}
	s.renew(begin)
	s.tick = time.Now().Add(s.lease / 3)
	s.short = number(reply, 4) > 0
	var fresh []taken
	s.scheduler.Do(func(now int64) {
		s.hear(reply, sent, now)
		s.q.suspended = false
		fresh = s.q.missing(list(reply, 2))
		s.q.drain(int(number(reply, 3)))
		if s.q.draining() {
			s.tick = time.Now().Add(max(s.lease/30, linger))
		}
	})
	for _, t := range fresh {
		reply, err := s.durable(ctx, s.log, append(s.args(1), t.shard)...)
		if err != nil {
			return err
		}
		if ended(reply) {
			return errEnded
		}
		s.scheduler.Do(func(now int64) { err = s.q.load(t, list(reply, 1), s.offset[0], now) })
		if err != nil {
			return err
		}
	}
	return nil
}
