package frontier

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"crawlbench/internal/crawl"
	"crawlbench/internal/web/delay"
)

// set is redisset: each worker talks to the server on its own, about one link or one page at a time.
type set[K comparable] struct {
	*session
	codec[K]
	web     crawl.Web[K]
	limiter crawl.Limiter
	o       crawl.Options
	push    *redis.Script
	add     *redis.Script // for seeds, which no page that is outstanding precedes

	mu  sync.Mutex
	did crawl.Result
}

func setOf[K comparable](c config) crawl.Func[K] {
	return func(ctx context.Context, web crawl.Web[K], seeds []K, o crawl.Options) (crawl.Result, error) {
		if err := ctx.Err(); err != nil {
			return crawl.Result{}, err
		}
		joined, err := c.join(ctx, o.Fleet)
		if err != nil {
			return crawl.Result{}, notEnded(err)
		}
		inner, stop := context.WithCancelCause(ctx)
		s := &set[K]{session: joined, codec: codecOf[K](), web: web, limiter: crawl.InTurn(o.Limiter), o: o,
			push: joined.script("push"), add: joined.script("step")}
		closed := make(chan struct{})
		cancel := context.AfterFunc(inner, func() { // calls that wait for the server return
			defer close(closed)
			s.client.Close()
		})
		var beating, working sync.WaitGroup
		beating.Go(func() { s.beat(inner, stop) })
		working.Go(func() {
			if err := s.seed(inner, seeds); err != nil {
				stop(err)
				return
			}
			for w := range o.Workers {
				working.Go(func() {
					if err := s.work(ctx, inner, "."+strconv.Itoa(w)); err != nil {
						stop(err)
					}
				})
			}
		})
		working.Wait()
		stop(errEnded)
		if !cancel() {
			<-closed
		}
		beating.Wait()
		s.client.Close()
		err = notEnded(context.Cause(inner))
		if ctx.Err() != nil && err != nil {
			err = ctx.Err()
		}
		if err != nil {
			s.desert(err)
		}
		count(o, s.session)
		return s.did, err
	}
}

// notEnded returns nil if err says that the crawl has ended, and otherwise err.
func notEnded(err error) error {
	if errors.Is(err, errEnded) {
		return nil
	}
	return err
}

// count reports the calls to the server.
func count(o crawl.Options, s *session) {
	if o.Count != nil {
		o.Count("server calls", int(s.calls.Load()))
	}
}

// mark marks links as seen, with one call each, and returns those that were not marked before.
func (s *set[K]) mark(ctx context.Context, new []string, links []K) ([]string, error) {
	for _, link := range links {
		key := s.encode(link)
		s.calls.Add(1)
		n, err := s.client.SAdd(ctx, s.keys[0]+":seen", key).Result()
		if err != nil {
			return nil, s.explain(err)
		}
		if n == 1 {
			new = append(new, key)
		}
	}
	return new, nil
}

// step acknowledges pages, queues new ones and asks for one if want is 1.
func (s *set[K]) step(
	ctx context.Context, script *redis.Script, member string, done, want int, new []string,
) (page string, err error) {
	args := append(make([]any, 0, 6+len(new)), s.id, member, done, want, s.fleet.Processes, s.o.MaxPages)
	reply, err := s.call(ctx, script, texted(args, new)...)
	switch {
	case err != nil:
		return "", err
	case ended(reply):
		return "", errEnded
	case want == 0:
		return "", nil
	}
	for _, p := range list(reply, 1) {
		return p.(string), nil
	}
	return "", errNone
}

// errNone says that the queue is empty.
var errNone = errors.New("no page is queued")

// seed adds the seeds.
func (s *set[K]) seed(ctx context.Context, seeds []K) error {
	var new []string
	for _, seed := range s.newSet(0).AddNew(nil, seeds) {
		new = append(new, s.encode(seed))
	}
	_, err := s.step(ctx, s.add, s.who(), 0, 0, new)
	return err
}

// work makes fetches until the crawl ends, and returns why it did. suffix
// names the worker, and calls ends with the crawl of this process.
func (s *set[K]) work(ctx, calls context.Context, suffix string) error {
	member, wake := s.who()+suffix, s.keys[0]+":wake:"+s.random+suffix
	done, new := 0, []string(nil)
	for {
		page, err := s.step(calls, s.push, member, done, 1, new)
		done, new = 0, new[:0]
		for ; errors.Is(err, errNone); page, err = s.step(calls, s.push, member, 0, 1, nil) {
			_, err := s.client.BLPop(calls, 5*time.Second, wake).Result()
			if err != nil && !errors.Is(err, redis.Nil) {
				return s.explain(err)
			}
		}
		if err != nil {
			return err
		}
		key, err := s.decode(page)
		if err != nil {
			return err
		}
		if s.limiter != nil {
			if err := s.limiter.Wait(ctx); err != nil {
				return err
			}
		}
		if err := calls.Err(); err != nil {
			return err
		}
		links, err := s.web.Fetch(ctx, key)
		s.fetched(err)
		if err != nil && ctx.Err() != nil {
			return ctx.Err()
		}
		done = 1
		if err == nil {
			if new, err = s.mark(calls, new, links); err != nil {
				return err
			}
		}
	}
}

func (s *set[K]) fetched(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.did.Pages++
	if err != nil {
		s.did.Errors++
	}
}

// beat tells the server that this process is alive until ctx ends, and ends the crawl if another process is not.
func (s *session) beat(ctx context.Context, fail func(error)) {
	script := s.script("beat")
	for {
		_, err := s.call(ctx, script, append(s.args(1), s.lease.Microseconds())...)
		if err != nil && ctx.Err() == nil {
			fail(err)
		}
		if delay.Wait(ctx, s.lease/3) != nil {
			return
		}
	}
}
