package measure

import (
	"bufio"
	"context"
	"encoding/gob"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"time"

	"crawlbench/internal/crawl"
	"crawlbench/internal/host"
	"crawlbench/internal/web"
)

// Member says which process of a fleet a child is, and what it shares with the others.
type Member struct {
	Index, Processes int
	Server           string // URL; "" if they share none
}

// joined is the first answer of a process of a fleet.
type joined struct {
	Fleet bool // false from a program that is older than fleets
	// Shares says that the crawler is made for fleets, so that the processes share the crawl; otherwise each crawls its
	// own copy of the graph, and they share the limit only.
	Shares bool
}

// together is the request for a crawl.
type together struct {
	Name string // of the crawl, see crawl.Fleet
	// At is when to start, in nanoseconds of the wall clock, which the processes of a machine share.
	At int64
	// Warm asks for a crawl without limiter and latency in which every fetch is verified.
	Warm bool
}

// part is what a process did of a crawl.
type part struct {
	At    int64 // when it started
	Wall  time.Duration
	Pages int
	CPU   time.Duration
	// as in meter
	Bytes, Allocs, Locked, Switches, GC, User, RunDelay float64
	Peak                                                int64
	Calls                                               int64 // of the limiter to the server
	Counts                                              map[string]int
}

// fleetLog records what a process fetched and how it waited. Times count from the requested start. The log is passed in
// a file, because that of a large graph is too long for the connection.
type fleetLog struct {
	Seen  []uint64
	Waits []web.Wait
}

func logPath(dir string, index int) string { return filepath.Join(dir, strconv.Itoa(index)) }

// part reports whether this process shares its crawl with others.
func (b *Bench) part() bool { return b.job.Fleet != nil && b.by.Fleet }

// takeParts crawls together with the other processes of a fleet, on request of the parent.
func (b *Bench) takeParts(ctx context.Context) (Outcome, error) {
	conn := b.job.conn
	if err := conn.Answer(joined{Fleet: true, Shares: b.by.Fleet}); err != nil {
		return Outcome{}, err
	}
	for {
		var q together
		more, err := conn.Next(&q)
		if err != nil || !more {
			return Outcome{}, err
		}
		did, err := b.crawlPart(ctx, q)
		if err == nil {
			err = conn.Answer(did)
		}
		if err != nil {
			return Outcome{}, err
		}
	}
}

// crawlPart crawls once, verifies what this process did, and writes its log.
func (b *Bench) crawlPart(ctx context.Context, q together) (part, error) {
	m := b.job.Fleet
	b.fleet = &crawl.Fleet{Index: m.Index, Processes: m.Processes, Server: m.Server, Name: q.Name}
	clear(b.counts)
	r := web.Rules{MaxPages: b.job.Cell.MaxPages, Part: b.part(), Exact: q.Warm}
	if q.Warm {
		b.hurry(true)
		defer b.hurry(false)
	} else {
		r.Limiter = b.limiterOf()
	}
	at, cost, delayed := time.Unix(0, q.At), newMeter(), host.RunDelay()
	var began time.Time
	err := b.once(ctx, r, func(crawl func()) {
		time.Sleep(time.Until(at))
		cost.measure(func() {
			began = time.Now()
			crawl()
		})
	})
	if err != nil {
		return part{}, err
	}
	did := part{At: began.UnixNano(), Wall: cost.wall, Pages: b.site.Fetched(), CPU: cost.cpu,
		Bytes: cost.bytes, Allocs: cost.allocs, Locked: cost.locked, Switches: cost.switches, GC: cost.gc,
		User: cost.user, RunDelay: max(0, host.RunDelay()-delayed), Peak: host.PeakMemory(), Calls: b.limit.calls,
		Counts: b.counts}
	if err := b.writeLog(at); err != nil {
		return part{}, err
	}
	if q.Warm {
		runtime.GC()
	}
	return did, nil
}

// writeLog writes the log of the last crawl.
func (b *Bench) writeLog(at time.Time) error {
	begin, waits := b.site.Waits()
	l := fleetLog{Waits: make([]web.Wait, len(waits))}
	since := begin.Sub(at)
	for i, w := range waits {
		l.Waits[i] = web.Wait{Asked: w.Asked + since, Granted: w.Granted + since}
	}
	if b.part() {
		l.Seen = b.site.Seen()
	}
	f, err := os.Create(logPath(b.job.Dir, b.job.Fleet.Index))
	if err != nil {
		return fmt.Errorf("write what was fetched: %w", err)
	}
	w := bufio.NewWriter(f)
	if err := errors.Join(gob.NewEncoder(w).Encode(l), w.Flush(), f.Close()); err != nil {
		return fmt.Errorf("write what was fetched: %w", err)
	}
	return nil
}

// readLog reads the log of a process.
func readLog(dir string, index int) (l fleetLog, err error) {
	f, err := os.Open(logPath(dir, index))
	if err != nil {
		return l, fmt.Errorf("read what was fetched: %w", err)
	}
	defer f.Close()
	if err := gob.NewDecoder(bufio.NewReader(f)).Decode(&l); err != nil {
		return l, fmt.Errorf("read what was fetched: %w", err)
	}
	return l, nil
}
