package robots

import (
	"context"
	"sync"
	"time"
)

// How long a file is kept: at most a day by the RFC (2.4), and less if the host could not answer.
const (
	MaxAge      = 24 * time.Hour
	MaxAgeError = time.Hour
)

// The bounds of a cache, at which it looks for hosts to forget.
const (
	maxHosts = 1 << 16
	maxRules = 64 << 20 // bytes: as many files of 500 KiB, of which any page can name hosts, would take 100 GB
)

// Cache keeps the rules of hosts for one agent. It is safe for concurrent use. The zero value is empty.
type Cache struct {
	mu    sync.Mutex
	hosts map[string]*entry
	bytes int // of the rules of hosts
}

// entry is what is known about a host.
type entry struct {
	done   chan struct{} // closed when the rules are known
	rules  Rules
	err    error
	expire time.Time
	bytes  int  // that count for the cache
	left   bool // whoever was to fill it has left before, by a panic or the end of its context
}

// Rules returns the rules of a host, for which it calls fetch if they are not known or too old. Calls for one host at
// the same time share one fetch. An error is returned to all of them, and not kept. If the caller whose fetch it is
// does not wait for it, another one takes over.
func (c *Cache) Rules(ctx context.Context, host string, fetch func(context.Context) (Rules, error)) (Rules, error) {
	for {
		e, mine := c.entry(host, time.Now())
		if mine {
			c.fill(ctx, host, e, fetch)
			return e.rules, e.err
		}
		select {
		case <-e.done:
			if !e.left {
				return e.rules, e.err
			}
		case <-ctx.Done():
			return DisallowAll, ctx.Err()
		}
	}
}

// entry returns the entry of a host, and whether the caller has to fill it.
func (c *Cache) entry(host string, now time.Time) (e *entry, mine bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e = c.hosts[host]; e != nil && !e.expired(now) {
		return e, false
	}
	c.drop(host)
	if c.hosts == nil {
		c.hosts = map[string]*entry{}
	}
	if len(c.hosts) >= maxHosts {
		c.forget(now)
	}
	e = &entry{done: make(chan struct{})}
	c.hosts[host] = e
	return e, true
}

// fill fetches the rules of e. If fetch fails or panics, the next call tries again.
func (c *Cache) fill(ctx context.Context, host string, e *entry, fetch func(context.Context) (Rules, error)) {
	rules, known := DisallowAll, false
	defer func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		age := MaxAge
		if rules.set != nil && rules.set.deny {
			age = MaxAgeError
		}
		now, bytes := time.Now(), rules.bytes()
		if c.bytes+bytes > maxRules {
			c.forget(now) // but not e, which does not expire yet
		}
		e.rules, e.expire, e.bytes = rules, now.Add(age), bytes
		if c.bytes += bytes; !known {
			e.left = e.err == nil || ctx.Err() != nil
			c.drop(host)
		}
		close(e.done)
	}()
	got, err := fetch(ctx)
	if e.err = err; err == nil {
		rules, known = got, true
	}
}

// expired reports whether e must be fetched again. It is called under the lock under which e is filled.
func (e *entry) expired(now time.Time) bool { return !e.expire.IsZero() && now.After(e.expire) }

// drop removes a host, if it is there.
func (c *Cache) drop(host string) {
	if e := c.hosts[host]; e != nil {
		c.bytes -= e.bytes
		delete(c.hosts, host)
	}
}

// forget removes what is too old, and half of the rest if that is too little.
func (c *Cache) forget(now time.Time) {
	for host, e := range c.hosts {
		if e.expired(now) {
			c.drop(host)
		}
	}
	for host, e := range c.hosts {
		if len(c.hosts) <= maxHosts/2 && c.bytes <= maxRules/2 {
			return
		}
		if !e.expire.IsZero() {
			c.drop(host)
		}
	}
}
