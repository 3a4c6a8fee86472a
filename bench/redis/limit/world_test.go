package limit

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"crawlbench/bench/redis/server"
	"crawlbench/internal/crawl"
	"crawlbench/internal/crawl/limiter"
)

// world is a server in virtual time, and the network to it. It belongs to a bubble of testing/synctest, and so do its
// goroutines: connections are pipes, and the server's clock is that of the bubble.
type world struct {
	*miniredis.Miniredis
	delay time.Duration // of a message, in either direction
	mu    sync.Mutex
	dead  bool
	mute  atomic.Bool // answers do not come
	conns []net.Conn  // the server's ends
}

func newWorld(delay time.Duration) *world {
	w := &world{Miniredis: miniredis.NewMiniRedis(), delay: delay}
	w.ClockTTL(true)
	if c, err := w.Dial(); err == nil { // which starts it, without a socket
		c.Close()
	}
	return w
}

// client returns a client of the server. Its requests take from 0.8 to 1.2 of the delay, at random, so that nobody is
// always the first to ask, and no two events happen at the same moment, in an order that the scheduler would choose.
// Its answers take the same time, so that they say exactly when the server has granted something.
func (w *world) client(t *testing.T, i int) *redis.Client {
	o, err := server.ParseURL("redis://127.0.0.1:1") // an address that needs no look-up
	if err != nil {
		t.Fatal(err)
	}
	// The library keeps the timers of those who wait for a connection, for the next bubble too: let nobody wait.
	o.PoolSize = 1000
	dials := 0
	o.Dialer = func(context.Context, string, string) (net.Conn, error) {
		w.mu.Lock()
		defer w.mu.Unlock()
		if w.dead {
			return nil, &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
		}
		own, other := net.Pipe()
		w.Server().ServeConn(other)
		w.conns = append(w.conns, other)
		dials++
		return delayed{own, w, rand.New(rand.NewPCG(uint64(i), uint64(dials)))}, nil
	}
	return redis.NewClient(o)
}

// kill breaks all connections and refuses new ones.
func (w *world) kill() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.dead = true
	for _, c := range w.conns {
		c.Close()
	}
	w.conns = nil
}

// silent makes answers not come, or come again.
func (w *world) silent(yes bool) { w.mute.Store(yes) }

func (w *world) revive() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.dead = false
}

// delayed is a connection whose messages take a while.
type delayed struct {
	net.Conn
	world *world
	draw  *rand.Rand
}

func (d delayed) Write(b []byte) (int, error) {
	time.Sleep(time.Duration((0.8 + 0.4*d.draw.Float64()) * float64(d.world.delay)))
	n, err := d.Conn.Write(b)
	if errors.Is(err, io.ErrClosedPipe) {
		err = &net.OpError{Op: "write", Net: "tcp", Err: syscall.EPIPE} // as of a socket that the server has closed
	}
	return n, err
}

func (d delayed) Read(b []byte) (int, error) {
	n, err := d.Conn.Read(b)
	time.Sleep(d.world.delay)
	for d.world.mute.Load() {
		time.Sleep(time.Second)
	}
	return n, err
}

// SetReadDeadline is as that of a socket, to which it does not matter that the other side has closed it.
func (d delayed) SetReadDeadline(t time.Time) error { return d.ofSocket(d.Conn.SetReadDeadline(t)) }

// SetWriteDeadline is like SetReadDeadline.
func (d delayed) SetWriteDeadline(t time.Time) error { return d.ofSocket(d.Conn.SetWriteDeadline(t)) }

func (delayed) ofSocket(err error) error {
	if errors.Is(err, io.ErrClosedPipe) {
		return nil
	}
	return err
}

// fleet is several processes whose waiters do nothing but wait, and the limiter that they share.
type fleet struct {
	name               string
	processes, waiters int
	rate               float64
	burst              int
	length             time.Duration
	// make returns the limiter of a process.
	make func(c *conn, rate float64, burst int) (crawl.Limiter, error)
	// halfway, if not nil, is called with the world after half of the length.
	halfway func(w *world)
}

// delay is that of messages in a fleet: a call takes twice as long.
const delay = 250 * time.Microsecond

// pause is how long all pause after the length, so that nothing is reserved any more and the bucket is full, before
// they go on for a moment.
const pause, moment = time.Second, 100 * time.Millisecond

// outcome is what a fleet did.
type outcome struct {
	fleet     fleet
	grants    [][]time.Duration // of each process, in order, before the pause
	all       []time.Duration   // in order, also after the pause
	calls     int64             // of the second half
	late      int               // pages of the second half
	contended int64             // see conn.contended
	errors    []error
}

// run runs the fleet in virtual time.
func (f fleet) run(t *testing.T) (out outcome) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(delay)
		out = f.runIn(t, w)
		w.Close()
	})
	return out
}

func (f fleet) runIn(t *testing.T, w *world) outcome {
	member := crawl.Fleet{Processes: f.processes, Server: "redis://127.0.0.1:1", Name: "crawl"}
	var conns []*conn
	var limiters []crawl.Limiter
	for p := range f.processes {
		member.Index = p
		c := newConn(f.name, w.client(t, p), &member, f.rate, f.burst)
		l, err := f.make(c, f.rate, f.burst)
		if err != nil {
			t.Fatal(err)
		}
		conns, limiters = append(conns, c), append(limiters, l)
	}
	out := outcome{fleet: f}
	calls := func() (sum int64) {
		for _, c := range conns {
			sum += c.Calls()
		}
		return sum
	}
	start := time.Now()
	out.grants = f.drive(t, &out, limiters, start, f.length, func() {
		out.calls = -calls()
		if f.halfway != nil {
			f.halfway(w)
		}
	})
	out.calls += calls()
	out.all = slices.Concat(out.grants...)
	slices.Sort(out.all)
	out.late = out.within(f.length/2, f.length)
	time.Sleep(pause)
	out.all = append(out.all, slices.Concat(f.drive(t, &out, limiters, start, moment, func() {})...)...)
	slices.Sort(out.all)
	for i, c := range conns {
		out.contended += c.contended.Load()
		end := c.Close
		if l, ok := limiters[i].(interface{ Close() error }); ok {
			end = l.Close
		}
		if err := end(); err != nil {
			t.Error(err)
		}
	}
	return out
}

// drive makes the waiters wait, again and again, and returns the grants of each process.
func (f fleet) drive(t *testing.T, out *outcome, limiters []crawl.Limiter, start time.Time, length time.Duration,
	halfway func()) [][]time.Duration {
	ctx, stop := context.WithTimeout(t.Context(), length)
	defer stop()
	grants := make([][]time.Duration, f.processes)
	var mu sync.Mutex
	var all sync.WaitGroup
	for p, l := range limiters {
		for i := range f.waiters {
			all.Go(func() {
				time.Sleep(time.Duration(p+i*f.processes) * time.Microsecond)
				for {
					err := l.Wait(ctx)
					mu.Lock()
					switch {
					case err == nil:
						grants[p] = append(grants[p], time.Since(start))
					case ctx.Err() == nil:
						out.errors = append(out.errors, err)
					}
					mu.Unlock()
					if err != nil {
						return
					}
				}
			})
		}
	}
	time.Sleep(length / 2)
	halfway()
	all.Wait()
	return grants
}

// worst returns the largest ratio, over all windows, of what was let through to what rate and burst allow.
func (o outcome) worst() float64 {
	ratio, _ := limiter.Worst(o.all, o.fleet.rate, o.fleet.burst)
	return ratio
}

// achieved returns the rate that was reached, as a fraction of what was asked for.
func (o outcome) achieved() float64 {
	return float64(o.within(0, o.fleet.length)) / (o.fleet.rate * o.fleet.length.Seconds())
}

// perGrant returns the calls to the server for each page, in the second half: at first processes connect, and reserve.
func (o outcome) perGrant() float64 { return float64(o.calls) / float64(o.late) }

// leastOfMost returns what the process with the fewest pages got, as a fraction of what the one with the most got.
func (o outcome) leastOfMost() float64 {
	least, most := len(o.grants[0]), len(o.grants[0])
	for _, list := range o.grants {
		least, most = min(least, len(list)), max(most, len(list))
	}
	return float64(least) / float64(most)
}

// within returns the number of pages let through from a time on, before another.
func (o outcome) within(from, to time.Duration) int {
	first, _ := slices.BinarySearch(o.all, from)
	end, _ := slices.BinarySearch(o.all, to)
	return end - first
}
