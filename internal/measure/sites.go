package measure

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"crawlbench/internal/graph"
	"crawlbench/internal/host"
	"crawlbench/internal/host/child"
	"crawlbench/internal/plan"
)

// sites are the processes that serve graphs to cells over HTTP, one for each graph and behaviour. They stay until the
// run ends.
type sites struct {
	dir  string // of the sockets
	list map[siteKey]*siteProcess
}

type siteKey struct {
	graph string
	fetch graph.Behaviour
}

type siteProcess struct {
	*child.Resident
	socket string
}

// siteTime is how long a site may take to make its pages.
const siteTime = time.Minute

// at returns a job with the site that its cell crawls, which is started if it is not there. A cell in memory has none.
func (s *sites) at(ctx context.Context, r *Runner, job Job, seed uint64) (Job, error) {
	if job.Cell.Transport != plan.HTTP {
		return job, nil
	}
	key := siteKey{job.Cell.Graph, job.Fetch}
	if p := s.list[key]; p != nil {
		job.Site = p.socket
		return job, nil
	}
	if s.list == nil {
		dir, err := host.SocketDir("crawlbench-")
		if err != nil {
			return job, fmt.Errorf("make a directory for the socket of a site: %w", err)
		}
		s.dir, s.list = dir, map[siteKey]*siteProcess{}
	}
	job.Site = filepath.Join(s.dir, fmt.Sprint(len(s.list)))
	p, err := startSite(ctx, r, Job{Cell: job.Cell, Cache: job.Cache, Fetch: job.Fetch, Site: job.Site,
		ServeSeed: &seed, Resident: true, Memory: job.Memory})
	if err != nil {
		return job, fmt.Errorf("serve graph %s: %w", job.Cell.Graph, err)
	}
	s.list[key] = &siteProcess{p, job.Site}
	return job, nil
}

// startSite starts the process of a site and waits until it is ready.
func startSite(ctx context.Context, r *Runner, job Job) (*child.Resident, error) {
	in, err := json.Marshal(job)
	if err != nil {
		return nil, err
	}
	args, err := r.args(false)
	if err != nil {
		return nil, err
	}
	p, err := child.Start(ctx, command(args, in), siteTime)
	if err != nil {
		return nil, err
	}
	var ready any
	ok, err := p.Await(&ready)
	if ok && err == nil {
		return p, nil
	}
	end, errEnd := p.End(siteTime)
	if err == nil {
		err = errEnd
	}
	if err != nil {
		return nil, err
	}
	if _, failure, err := outcomeOfChild(job, end, args[0]); err != nil {
		return nil, err
	} else if failure != nil {
		return nil, fmt.Errorf("%s: %s", failure.class, failure.message)
	}
	return nil, fmt.Errorf("its process ended before it was ready")
}

// cpu returns the processor time that the sites have used.
func (s *sites) cpu() (sum time.Duration) {
	for _, p := range s.list {
		sum += p.CPU()
	}
	return sum
}

// close ends the sites.
func (s *sites) close() {
	for _, p := range s.list {
		p.Kill()
	}
	if s.list != nil {
		os.RemoveAll(s.dir)
	}
	*s = sites{}
}
