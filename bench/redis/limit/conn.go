package limit

import (
	"context"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
)

// conn is the connection of a limiter to the server of its fleet.
type conn struct {
	kind, url, key string
	others         int // processes besides this one
	client         *redis.Client
	count          atomic.Int64
	contended      atomic.Int64 // attempts of throttled that failed because of others
	running        sync.WaitGroup
}

// Calls returns how often the server was called.
func (c *conn) Calls() int64 { return c.count.Load() }

// Close closes the connections. No Wait may be in progress.
func (c *conn) Close() error {
	err := c.client.Close() // which ends the calls that nobody waits for
	c.running.Wait()
	return err
}

// call calls the server by f and returns what f does, or returns when ctx ends: the client notices only deadlines while
// it waits for an answer. The answer to an abandoned call is lost, and with it at most what the call asked for.
func call[T any](ctx context.Context, c *conn, f func(context.Context) (T, error)) (T, error) {
	type answer struct {
		value T
		err   error
	}
	answered := make(chan answer, 1)
	c.running.Go(func() {
		value, err := f(ctx)
		answered <- answer{value, err}
	})
	select {
	case a := <-answered:
		if a.err != nil && ctx.Err() == nil {
			a.err = c.failed(a.err)
		}
		return a.value, a.err
	case <-ctx.Done():
		var none T
		return none, ctx.Err()
	}
}

// failed returns the error of a Wait whose call failed.
func (c *conn) failed(err error) error {
	return fmt.Errorf("limiter %s: nothing may be fetched without the server at %s: %w: start it again, or check its log",
		c.kind, c.url, err)
}

// sleep sleeps for d, or returns the error of ctx when that ends.
func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// counter counts the calls of a client: a pipeline is one.
type counter struct{ count *atomic.Int64 }

func (c counter) DialHook(next redis.DialHook) redis.DialHook {
	return func(ctx context.Context, network, addr string) (net.Conn, error) { return next(ctx, network, addr) }
}

func (c counter) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		c.count.Add(1)
		return next(ctx, cmd)
	}
}

func (c counter) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		c.count.Add(1)
		return next(ctx, cmds)
	}
}
