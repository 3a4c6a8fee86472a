package measure

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"time"

	"crawlbench/internal/crawl"
	"crawlbench/internal/graph"
	"crawlbench/internal/host"
	"crawlbench/internal/host/child"
	"crawlbench/internal/web"
)

// fleet is a group of processes that take a sample together. All wait while one of them starts or ends, and they start
// each crawl at the same time.
type fleet struct {
	job     Job
	server  crawl.FleetServer // nil if they share none
	names   *fleetNames
	limit   time.Duration // of the start, of each crawl and of the end
	program string
	cache   *graph.Cache
	list    []*child.Resident
	ended   []bool
	shares  bool // they share the crawl, and not only the limit
	kills   *int // OOMKills when a signal had ended a process of the fleet before this one; nil if none did
	stop    context.CancelFunc
}

// headStart is the time between the request for a crawl and its start. The request reaches all processes in that time.
const headStart = 2 * time.Millisecond

// fleetNames makes the names of crawls, which are unique among all programs that share a server.
type fleetNames struct {
	run   string
	crawl int
}

func (f *fleetNames) next() string {
	if f.run == "" {
		f.run = fmt.Sprintf("crawlbench-%016x", rand.Uint64())
	}
	f.crawl++
	return fmt.Sprintf("%s-%d:", f.run, f.crawl)
}

// fleetFailure is the error of a crawler in a fleet.
type fleetFailure struct{ *failure }

func (f fleetFailure) Error() string { return f.message }

// runFleet takes a sample with a fleet of child processes; they run the other program if against is set. If a foreign
// signal ends one of them, it takes the sample once more, as package child does for a process alone.
func (r *Runner) runFleet(ctx context.Context, job Job, against bool, limit time.Duration) (*Outcome, *failure, error) {
	o, err := r.sampleFleet(ctx, job, against, limit, nil)
	if f := (fleetFailure{}); errors.As(err, &f) && f.class == class(child.Killed) && ctx.Err() == nil {
		kills := child.OOMKills()
		o, err = r.sampleFleet(ctx, job, against, limit, &kills)
	}
	if f := (fleetFailure{}); errors.As(err, &f) {
		if r.Server != nil {
			if _, err := r.Server.CPU(); err != nil { // what a crawler does without its server says nothing about it
				return nil, nil, fmt.Errorf("measure %s: %s, and the server that processes share does not answer: %w",
					job.Cell.ID(), f.message, err)
			}
		}
		return nil, f.failure, nil
	}
	if ctx.Err() != nil {
		return nil, nil, context.Cause(ctx)
	}
	return o, nil, err
}

func (r *Runner) sampleFleet(ctx context.Context, job Job, against bool, limit time.Duration, kills *int,
) (*Outcome, error) {
	args, err := r.args(against)
	if err != nil {
		return nil, fmt.Errorf("start a fleet for %s: %w", job.Cell.ID(), err)
	}
	f := &fleet{job: job, server: r.Server, names: &r.fleets, limit: limit, program: args[0], kills: kills}
	defer f.close()
	if err := f.start(ctx, args); err != nil {
		return nil, err
	}
	if f.shares { // the others have warmed up, each for itself
		if _, err := f.crawl(true); err != nil {
			return nil, err
		}
	}
	t, err := f.begin()
	for err == nil && t.wall < job.Sample {
		err = t.crawl()
	}
	if err != nil {
		return nil, err
	}
	if err := t.load(); err != nil {
		return nil, err
	}
	frozen, err := f.end()
	if err != nil {
		return nil, err
	}
	return &Outcome{Sample: t.sample(frozen), Frozen: frozen}, nil
}

// start starts the processes, and waits until all are ready.
func (f *fleet) start(ctx context.Context, args []string) (err error) {
	if f.cache, err = graph.OpenCache(f.job.Cache); err != nil {
		return err
	}
	if f.job.Dir, err = host.TempDir("crawlbench-"); err != nil {
		return fmt.Errorf("make a directory for a fleet: %w", err)
	}
	ctx, f.stop = context.WithCancel(ctx)
	n := f.job.Cell.Processes
	f.job.Resident = true
	f.job.Memory /= int64(n)
	for i := range n {
		job := f.job
		job.Fleet = &Member{Index: i, Processes: n}
		if f.server != nil {
			job.Fleet.Server = f.server.URL()
		}
		in, err := json.Marshal(job)
		if err != nil {
			return fmt.Errorf("encode the job of %s: %w", job.Cell.ID(), err)
		}
		p, err := child.Start(ctx, command(args, in), f.limit)
		if err != nil {
			return fmt.Errorf("start a fleet for %s: %w", job.Cell.ID(), err)
		}
		f.list, f.ended = append(f.list, p), append(f.ended, false)
	}
	for i, p := range f.list {
		var ready joined
		switch ok, err := p.Await(&ready); {
		case err != nil:
			return err
		case !ok:
			return f.lost(i)
		case !ready.Fleet:
			return fmt.Errorf("start a fleet for %s: %s was built from a crawlbench without fleets: rebuild it",
				f.job.Cell.ID(), f.program)
		}
		f.shares = ready.Shares
	}
	return nil
}

// lost returns why a process has ended: a fleetFailure if its crawler is the cause.
func (f *fleet) lost(i int) error {
	_, err := f.conclude(i)
	if err == nil {
		err = fmt.Errorf("measure %s: a process of its fleet ended before the others", f.job.Cell.ID())
	}
	return err
}

// conclude ends a process, and reports whether it was frozen.
func (f *fleet) conclude(i int) (frozen bool, err error) {
	f.ended[i] = true
	end, err := f.list[i].End(f.limit)
	if err != nil {
		return false, err
	}
	if end.Class == child.Killed && f.kills != nil {
		end.Twice(*f.kills)
	}
	_, why, err := outcomeOfChild(f.job, end, f.program)
	if err != nil {
		return false, err
	}
	if why != nil {
		if n := len(f.list); n > 1 {
			why.message = fmt.Sprintf("process %d of %d: %s", i+1, n, why.message)
		}
		return false, fleetFailure{why}
	}
	return end.Frozen, nil
}

// end ends all processes, which check what the crawls left behind, and reports whether one was frozen.
func (f *fleet) end() (frozen bool, err error) {
	for i := range f.list {
		one, errOne := f.conclude(i)
		if frozen = frozen || one; err == nil {
			err = errOne
		}
	}
	return frozen, err
}

// close stops the remaining processes, and removes the files of the fleet.
func (f *fleet) close() {
	if f.stop != nil {
		f.stop()
	}
	for i, p := range f.list {
		if !f.ended[i] {
			p.End(f.limit)
		}
	}
	if f.cache != nil {
		f.cache.Close()
	}
	if f.job.Dir != "" {
		os.RemoveAll(f.job.Dir)
	}
}

// crawl makes the processes crawl together once, and verifies the crawl. If one of them ends, the others are stopped,
// because they may wait for it forever.
func (f *fleet) crawl(warm bool) (*crawled, error) {
	q := together{Name: f.names.next(), At: time.Now().Add(headStart).UnixNano(), Warm: warm}
	did := &crawled{parts: make([]part, len(f.list))}
	served, err := f.served()
	if err != nil {
		return nil, err
	}
	type answer struct {
		i   int
		ok  bool
		err error
	}
	answers := make(chan answer)
	for i, p := range f.list {
		go func() {
			ok, err := p.Ask(q, f.limit, &did.parts[i])
			answers <- answer{i, ok, err}
		}()
	}
	for range f.list {
		a := <-answers
		switch {
		case err != nil || a.ok:
			continue
		case a.err != nil:
			err = a.err
		default:
			err = f.lost(a.i)
		}
		f.stop()
	}
	if err != nil {
		f.forget(q.Name) // the other error tells more
		return nil, err
	}
	after, err := f.served()
	if err != nil {
		return nil, err
	}
	did.server = after - served
	if err := f.forget(q.Name); err != nil {
		return nil, err
	}
	return did, f.verify(did)
}

// forget deletes the keys of a crawl from the server.
func (f *fleet) forget(name string) error {
	if f.server == nil {
		return nil
	}
	if err := f.server.Forget(name); err != nil {
		return fmt.Errorf("delete the keys of a crawl: %w", err)
	}
	return nil
}

// served returns the processor time that the server has used; 0 without one.
func (f *fleet) served() (time.Duration, error) {
	if f.server == nil {
		return 0, nil
	}
	cpu, err := f.server.CPU()
	if err != nil {
		return 0, fmt.Errorf("read the processor time of the server: %w", err)
	}
	return cpu, nil
}

// verify reads the logs of a crawl, and verifies it if the processes shared it. Otherwise each process verifies its
// own.
func (f *fleet) verify(did *crawled) error {
	var fetched [][]uint64
	for i := range f.list {
		l, err := readLog(f.job.Dir, i)
		if err != nil {
			return err
		}
		fetched = append(fetched, l.Seen)
		did.waits = append(did.waits, l.Waits)
	}
	if !f.shares {
		return nil
	}
	if v := web.Unite(f.cache.Reach, f.job.Cell.MaxPages, fetched); v != nil {
		return fleetFailure{failed("wrong", v.Error(), nil)}
	}
	return nil
}
