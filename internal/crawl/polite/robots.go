package polite

import (
	"context"
	"errors"
	"sync"
	"time"

	"crawlbench/internal/crawl"
)

// robots are the answers of hosts that do not allow everything.
type robots[K comparable] struct {
	mu      sync.RWMutex
	allows  map[uint32]func(K) bool
	refused map[uint32]int // refused attempts, by host
}

func (r *robots[K]) allowed(host uint32, page K) bool {
	r.mu.RLock()
	allows := r.allows[host]
	r.mu.RUnlock()
	return allows == nil || allows(page)
}

func (r *robots[K]) set(host uint32, allows func(K) bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.allows == nil {
		r.allows = map[uint32]func(K) bool{}
	}
	r.allows[host] = allows
}

// tries returns how often robots.txt of a host has been refused, this time included.
func (r *robots[K]) tries(host uint32) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.refused == nil {
		r.refused = map[uint32]int{}
	}
	r.refused[host]++
	return r.refused[host]
}

// askRobots fetches robots.txt of the host of turn, and notes in turn what it asks for. It returns false if the
// crawl has ended.
func (c *crawler[K]) askRobots(ctx context.Context, turn *Turn[K]) bool {
	if !c.mayBegin(ctx, turn) {
		return false
	}
	begin := time.Now()
	says, err := c.robots.Robots(ctx, turn.Page)
	var slow crawl.Slow
	switch {
	case err == nil:
		if says.Allowed != nil {
			c.sites.set(turn.Host, says.Allowed)
		}
		if c.policy.CrawlDelay {
			turn.Gap = max(time.Duration(c.rules.Gap), c.policy.Bounded(says.CrawlDelay))
			if c.rules.FromStart && turn.Gap > time.Duration(c.rules.Gap) { // it began before its gap was known
				turn.Rest = max(0, turn.Gap-time.Since(begin))
			}
		}
	case ctx.Err() != nil:
		c.end(ctx.Err())
		return false
	case errors.As(err, &slow) && c.sites.tries(turn.Host) < c.policy.Tries():
		turn.Rest, turn.Again = c.policy.Bounded(slow.RetryAfter()), true
	default:
		c.sites.set(turn.Host, func(K) bool { return false })
	}
	return true
}
