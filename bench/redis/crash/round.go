package crash

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"crawlbench/bench/redis/fleet"
	"crawlbench/internal/crawl"
	"crawlbench/internal/graph"
	"crawlbench/internal/web/delay"
)

const (
	// poll is how often the progress of a crawl is read.
	poll = time.Millisecond
	// attempts is how often a round is begun in which the crawl was over before anything died.
	attempts = 5
	// lost is what a server loses with the power in these tests: that is how often it writes to the disk.
	lost = time.Second
	// fsync is what a server may lose that syncs its append-only file every second. While a sync takes long, it keeps
	// what it is told in memory, for up to two seconds, so that even kill -9 loses that.
	fsync = 2 * time.Second
)

// tester runs rounds.
type tester struct {
	Config
	reach   graph.Reach
	command func() *exec.Cmd // starts a process
}

// newTester builds the graph, to know what there is to fetch.
func newTester(ctx context.Context, c Config, command func() *exec.Cmd) (*tester, error) {
	g, err := graph.Build(ctx, c.Graph, 0)
	if err != nil {
		return nil, err
	}
	return &tester{c, graph.Walk(g, nil), command}, nil
}

// trial is a crawl in progress.
type trial struct {
	*tester
	f       Frontier
	server  Server
	name    string // of the crawl at the server
	dir     string
	procs   []*fleet.Process
	history []history // of procs
}

// round runs one round. A crawl that is over too soon is begun again with the next moment.
func (t *tester) round(ctx context.Context, f Frontier, kind Kind, number int, server Server) (Round, error) {
	draw := rand.New(rand.NewPCG(t.Seed, uint64(number)))
	for range attempts {
		r, hit, err := t.attempt(ctx, f, kind, number, server, draw)
		if err != nil {
			return r, fmt.Errorf("round %d of %s, death of a %s: %w", number, f.Name, kind, err)
		}
		if hit {
			return r, nil
		}
	}
	return Round{}, fmt.Errorf("round %d of %s: %d crawls were over before anything died: choose a larger graph with -pages",
		number, f.Name, attempts)
}

func (t *tester) attempt(ctx context.Context, f Frontier, kind Kind, number int, server Server, draw *rand.Rand) (
	r Round, hit bool, err error) {
	r = Round{Frontier: f.Name, Kind: kind, Number: number, Victim: -1}
	dir, err := os.MkdirTemp(t.Dir, "round")
	if err != nil {
		return r, false, err
	}
	defer os.RemoveAll(dir)
	c := &trial{tester: t, f: f, server: server, dir: dir, name: "crash:" + filepath.Base(dir)}
	defer c.stop()
	if err := c.start(ctx); err != nil {
		return r, false, err
	}
	begin := time.Now()
	// At 2 records a page; a kill near the end would often come too late.
	moment := int(draw.Float64() * 0.95 * float64(2*t.reach.Pages))
	delay := time.Duration(draw.Float64() * float64(t.Latency))
	victim, again := draw.IntN(t.Processes), t.Again && number%2 == 1
	if err := c.wait(ctx, begin, func() bool { return c.records() >= moment }); err != nil {
		return r, false, err
	}
	if kind == Power {
		delay += max(0, 2*lost-time.Since(begin)) // no frontier survives if the server forgets all of the crawl
	}
	time.Sleep(delay)
	var killed time.Time
	if kind == Process {
		killed, hit = c.kill(victim)
		r.Victim = victim
		if hit && again {
			r.Restarted = true
			err = c.add(ctx, victim)
		}
	} else {
		hit = !c.over()
		killed, err = c.killServer(ctx, kind)
	}
	if err != nil || !hit {
		return r, false, err
	}
	if err := c.wait(ctx, begin, c.over); err != nil {
		return r, false, err
	}
	r.Took = time.Since(begin)
	return r, true, c.conclude(&r, killed)
}

// start starts all processes and lets them crawl.
func (c *trial) start(ctx context.Context) (err error) {
	var jobs []fleet.Job
	for i := range c.Processes {
		jobs = append(jobs, c.job(i))
		c.history = append(c.history, history{held: c.f.Held(c.Workers)})
	}
	if c.procs, err = fleet.StartAll(ctx, c.command, jobs); err != nil {
		return err
	}
	for _, p := range c.procs {
		if err := p.Go(); err != nil {
			return err
		}
	}
	return nil
}

// job returns the job of the next process, with an index in the fleet.
func (c *trial) job(index int) fleet.Job {
	return fleet.Job{
		Crawler: c.f.Name, Graph: c.Graph, Workers: c.Workers, Latency: c.Latency,
		Fleet: crawl.Fleet{Index: index, Processes: c.Processes, Server: c.server.URL(), Name: c.name},
		Log:   filepath.Join(c.dir, fmt.Sprintf("log%d", len(c.history))),
	}
}

// add starts a process in the place of a killed one.
func (c *trial) add(ctx context.Context, index int) error {
	p, err := fleet.Start(ctx, c.command(), c.job(index))
	if err != nil {
		return err
	}
	c.history = append(c.history, history{held: c.f.Held(c.Workers)})
	c.procs = append(c.procs, p)
	return p.Go()
}

// kill kills a process. It returns false if the process had ended by itself.
func (c *trial) kill(victim int) (killed time.Time, hit bool) {
	p := c.procs[victim]
	killed = p.Kill()
	_, err := p.End()
	if hit = errors.Is(err, fleet.ErrKilled); hit {
		c.history[victim].killed = killed
	}
	return killed, hit
}

// killServer kills the server, and starts it again after a while.
func (c *trial) killServer(ctx context.Context, kind Kind) (killed time.Time, err error) {
	killed = time.Now()
	if err := c.server.Kill(); err != nil {
		return killed, err
	}
	if kind == Power {
		if err := c.server.Cut(killed.Add(-lost)); err != nil {
			return killed, err
		}
	}
	if err := delay.Wait(ctx, c.Down); err != nil {
		return killed, err
	}
	return killed, c.server.Restart(ctx)
}

// records returns how many records the logs have.
func (c *trial) records() (n int) {
	for _, p := range c.procs {
		n += fleet.Records(p.Job.Log)
	}
	return n
}

// over reports whether all processes have ended.
func (c *trial) over() bool {
	for _, p := range c.procs {
		select {
		case <-p.Done():
		default:
			return false
		}
	}
	return true
}

// wait waits until what it waits for has come, the crawl is over, nothing has been fetched for too long, or the crawl
// has taken too long.
func (c *trial) wait(ctx context.Context, begin time.Time, come func() bool) error {
	tick := time.NewTicker(poll)
	defer tick.Stop()
	n, changed := -1, time.Now()
	for !come() && !c.over() && time.Since(changed) < c.Stall && time.Since(begin) < c.Limit {
		if now := c.records(); now != n {
			n, changed = now, time.Now()
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// stop ends all processes.
func (c *trial) stop() {
	for _, p := range c.procs {
		p.Stop()
	}
}

// conclude reads what the processes did.
func (c *trial) conclude(r *Round, killed time.Time) error {
	r.Ended = c.over()
	for i, p := range c.procs {
		select {
		case <-p.Done():
		default:
			continue // it goes on, and is not asked any more
		}
		end, err := p.End()
		switch {
		case errors.Is(err, fleet.ErrKilled):
			continue
		case err == nil && end.Failed != "":
			err = errors.New(end.Failed)
		case err == nil:
			c.history[i].said = end.At
		}
		if err != nil {
			r.Ended = false
			r.Failed = append(r.Failed, fmt.Sprintf("process %d: %v", p.Job.Fleet.Index, err))
		}
	}
	c.stop()
	var o outage
	switch r.Kind {
	case Killed:
		o = outage{killed, killed.Add(-fsync)}
	case Power:
		o = outage{killed, killed.Add(-fsync - lost)}
	}
	for i, p := range c.procs {
		var err error
		if c.history[i].fetches, err = fleet.ReadLog(p.Job.Log); err != nil {
			return err
		}
		for _, f := range c.history[i].fetches {
			if !f.Begin.After(killed) {
				r.Begun++
			}
		}
	}
	r.Verdict = verify(c.reach, c.history, o)
	if r.Kind != Process && r.Ended { // otherwise it did not go on
		r.Back = silence(c.history, killed)
	}
	return nil
}
