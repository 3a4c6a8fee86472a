package limit

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"crawlbench/internal/crawl"
)

// update makes TestLimits write its file.
var update = flag.Bool("update", false, "write ../limits.md")

// about is the text before the table.
const about = `# What the limiters of a fleet let through

%d processes with %d workers each, which do nothing but wait for the limiter, share %d pages/s with a burst of %d for
%g s; a call takes %g ms. Computed in virtual time, where every event has its exact moment, by the test that keeps this
file: ` + "`go test ./limit -run TestLimits`" + `. It says nothing about speed, see ` + "`BenchmarkCost`" + `.

- **achieved**: pages let through, over rate x time.
- **worst window**: the largest ratio, over all windows of 1 ms and more, of what was let through to what is allowed,
  rate x length + burst. Above 1 the limit is broken. All pause once, so that the window with a full bucket is among them.
- **after a wipe**: the same, if the server forgets everything once, as one that restarts without a file does.
- **calls/page**: round trips to the server for each page.
- **least/most**: pages of the process that got the fewest, over those of the one that got the most.
- **dead**: pages let through in the %g ms for which the server is dead. What has been reserved may be used; it breaks
  no limit.

| limiter | achieved | worst window | after a wipe | calls/page | least/most | dead |
|---|---|---|---|---|---|---|
`

// row is a limiter in the table, or a twin of one, which shows what not to do.
type row struct {
	name string
	make func(c *conn, rate float64, burst int) (crawl.Limiter, error)
	// check is nil or returns an error if the numbers are not what they must be.
	check func(m measured) error
}

// blocksOf makes limiters with blocks of n slots.
func blocksOf(n int) func(c *conn, rate float64, burst int) (crawl.Limiter, error) {
	return func(c *conn, rate float64, burst int) (crawl.Limiter, error) { return slotsOf(c, rate, burst, n), nil }
}

// shared makes limiters that have a part of the rate, or all of it.
func shared(parts int) func(c *conn, rate float64, burst int) (crawl.Limiter, error) {
	return func(_ *conn, rate float64, burst int) (crawl.Limiter, error) {
		return newShare(rate, burst, &crawl.Fleet{Processes: parts})
	}
}

// clientClock is redisreserve by the clock of the client, which is wrong by skew.
type clientClock struct {
	one
	skew time.Duration
}

func (l clientClock) Wait(ctx context.Context) error {
	now := time.Now().Add(l.skew).UnixMicro()
	args := []any{l.interval / 1e3, l.burst, 1, 0, 0, now / 1e6, now % 1e6}
	list, err := l.script.Run(ctx, l.client, []string{l.key}, args...).StringSlice()
	if err != nil {
		return err
	}
	wait, err := strconv.ParseFloat(list[0], 64)
	if err != nil {
		return err
	}
	return sleep(ctx, time.Duration(wait-l.tolerance))
}

// skewed makes limiters by clocks that are wrong by 0, 1, 2 and so on seconds.
func skewed() func(c *conn, rate float64, burst int) (crawl.Limiter, error) {
	const clock = "redis.call('TIME')"
	script := redis.NewScript(strings.Replace(reserveScript, clock, "{ARGV[6], ARGV[7]}", 1))
	member := 0
	return func(c *conn, rate float64, burst int) (crawl.Limiter, error) {
		l := clientClock{one{newReserver(c, rate, burst)}, time.Duration(member) * time.Second}
		l.script = script
		member = (member + 1) % (c.others + 1)
		return l, nil
	}
}

const (
	tableProcesses, tableWaiters = 4, 4
	tableRate, tableBurst        = 500, 10
	tableLength                  = 2 * time.Second
)

// polls is how many calls a page a limiter makes at least whose waiters ask again and again.
const polls = 10

// table returns the limiters of the table.
func table() []row {
	made := map[string]func(*conn, float64, int) (crawl.Limiter, error){}
	for _, k := range kinds() {
		made[k.name] = k.make
	}
	slots := func(perGrant float64) func(m measured) error {
		return func(m measured) error {
			return errors.Join(
				// The server's clock counts microseconds, of which the rate makes 0.0005 pages.
				within("worst window", m.worst, 1, 1.0001), within("after a wipe", m.wiped, 0.95, 1.0001),
				within("calls for each page", m.perGrant, perGrant, perGrant*1.02),
				within("least of most", m.leastOfMost, 0.97, 1), within("achieved", m.achieved, 0.99, 1.01))
		}
	}
	return []row{
		{"redisslots, its blocks of 5", made[Default], slots(0.2)},
		{"redisslots, blocks of 10", blocksOf(10), slots(0.1)},
		{"redisslots, blocks of 50", blocksOf(50), slots(0.02)},
		{"redisreserve", made["redisreserve"], func(m measured) error {
			return errors.Join(within("worst window", m.worst, 1, 1.0001), within("after a wipe", m.wiped, 1.1, 2),
				within("calls for each page", m.perGrant, 1, 1), within("least of most", m.leastOfMost, 0.97, 1),
				within("dead", float64(m.dead), 0, tableProcesses*tableWaiters))
		}},
		{"redisrate", made["redisrate"], func(m measured) error {
			return errors.Join(within("worst window", m.worst, 0.99, 1.0001),
				within("after a wipe", m.wiped, 1.01, 1.2), within("calls for each page", m.perGrant, polls, 100),
				within("dead", float64(m.dead), 0, 1))
		}},
		{"throttled", made["throttled"], func(m measured) error {
			return errors.Join(within("worst window", m.worst, 0.99, 1.05), within("after a wipe", m.wiped, 1.01, 1.2),
				within("calls for each page", m.perGrant, polls, 100), within("dead", float64(m.dead), 0, 1))
		}},
		{"rediswindow", made["rediswindow"], func(m measured) error {
			return errors.Join(within("worst window", m.worst, 20, tableRate/tableBurst),
				within("dead", float64(m.dead), 0, 1))
		}},
		{"share", shared(tableProcesses), func(m measured) error {
			return errors.Join(within("worst window", m.worst, 0.9, 1), within("calls for each page", m.perGrant, 0, 0))
		}},
		{"twin: the whole rate in each process", shared(1), func(m measured) error {
			return within("worst window", m.worst, tableProcesses*0.99, tableProcesses)
		}},
		{"twin: redisreserve by the clocks of processes, 0 to 3 s fast", skewed(), func(m measured) error {
			return within("least of most", m.leastOfMost, 0, 0.01)
		}},
	}
}

// within returns an error if x is not from low to high.
func within(what string, x, low, high float64) error {
	if x >= low && x <= high {
		return nil
	}
	return fmt.Errorf("%s: %.6f, want %v to %v", what, x, low, high)
}

// measured are the numbers of a row.
type measured struct {
	achieved, worst, wiped, perGrant, leastOfMost float64
	dead                                          int
}

// outage is how long the server is dead.
const outage = tableLength / 8

func (r row) measure(t *testing.T) measured {
	f := fleet{name: r.name, processes: tableProcesses, waiters: tableWaiters, rate: tableRate, burst: tableBurst,
		length: tableLength, make: r.make}
	plain := f.run(t)
	f.length /= 2
	f.halfway = func(w *world) { w.FlushAll() }
	wiped := f.run(t)
	for _, err := range slices.Concat(plain.errors, wiped.errors) {
		t.Errorf("%s: %v", r.name, err)
	}
	f.halfway = func(w *world) {
		w.kill()
		time.Sleep(outage)
		w.revive()
	}
	dead := f.run(t) // not its errors: the client tries four connections, each a pipe that broke before it was used
	return measured{plain.achieved(), plain.worst(), wiped.worst(), plain.perGrant(), plain.leastOfMost(),
		dead.within(f.length/2, f.length/2+outage)}
}

// The numbers of all limiters are what they must be, and what the file shows. Events in virtual time have one order, so
// that they are the same each time, on each machine.
func TestLimits(t *testing.T) {
	if testing.Short() {
		t.Skip("polls a server in virtual time 60,000 times")
	}
	var text strings.Builder
	fmt.Fprintf(&text, about, tableProcesses, tableWaiters, tableRate, tableBurst, tableLength.Seconds(),
		2*delay.Seconds()*1e3, outage.Seconds()*1e3)
	for _, r := range table() {
		m := r.measure(t)
		if err := r.check(m); err != nil {
			t.Errorf("%s: %v", r.name, err)
		}
		fmt.Fprintf(&text, "| %s | %.3f | %.3f | %.3f | %.2f | %.2f | %d |\n", r.name, m.achieved, m.worst, m.wiped,
			m.perGrant, m.leastOfMost, m.dead)
	}
	const path = "../limits.md"
	if *update {
		if err := os.WriteFile(path, []byte(text.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	file, err := os.ReadFile(path)
	if err != nil || string(file) != text.String() {
		t.Errorf("%s is not what the limiters do, %v: write it with go test ./limit -run TestLimits -update; want\n%s", path,
			err, text.String())
	}
}
