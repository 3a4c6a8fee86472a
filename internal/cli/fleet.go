package cli

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os/exec"
	"slices"
	"strings"

	"crawlbench/internal/crawl"
	"crawlbench/internal/crawl/limiter"
	"crawlbench/internal/plan"
	"crawlbench/internal/store"
)

// fleetProgram says which program has what fleets share.
const fleetProgram = "fleets need the program .bin/crawlbench-fleet, which \"make bench SCENARIO=fleet\" builds and runs, " +
	"and valkey-server or redis-server (on Debian: apt-get install valkey-server, or redis-server)"

// allLimiters returns the built-in limiters and those of the program.
func (a *app) allLimiters() []crawl.LimiterKind { return limiter.With(a.limiters) }

// limiterNames returns the names of allLimiters.
func (a *app) limiterNames() (names []string) {
	for _, k := range a.allLimiters() {
		names = append(names, k.Name)
	}
	return names
}

// checkLimiters returns an error for invalid or duplicate names of limiters, and for those that cannot be made.
func (a *app) checkLimiters() error {
	seen := map[string]bool{}
	for _, k := range a.allLimiters() {
		switch {
		case !plan.ValidName(k.Name):
			return fmt.Errorf("invalid name of limiter %q: want letters, digits and . _ +, as it becomes part of a benchmark name",
				k.Name)
		case seen[k.Name]:
			return fmt.Errorf("duplicate limiter %q: rename one of the two", k.Name)
		case k.New == nil:
			return fmt.Errorf("limiter %q has no New: set it", k.Name)
		}
		seen[k.Name] = true
	}
	return nil
}

// checkFleets returns an error if a scenario has several processes, or a server is named, and this program has nothing
// that processes could share.
func (a *app) checkFleets(s *plan.Scenario, f runFlags) error {
	several := slices.ContainsFunc(s.Processes, func(n int) bool { return n > 1 })
	shares := slices.ContainsFunc(a.crawlers, func(c crawl.Crawler) bool { return c.Fleet }) ||
		slices.ContainsFunc(a.limiters, func(k crawl.LimiterKind) bool { return k.Fleet })
	switch {
	case several && !shares:
		return fmt.Errorf("run: several processes have nothing to share in this program: %s", fleetProgram)
	case f.redis != "" && a.startServer == nil:
		return usagef("run: -redis: this program uses no server: %s", fleetProgram)
	}
	return nil
}

// needsServer reports whether a fleet of p shares a server: by its crawler, or by its limiter.
func (a *app) needsServer(p *plan.Plan) bool {
	return a.startServer != nil && slices.ContainsFunc(p.Cells, func(c plan.Cell) bool {
		if c.Processes == 0 {
			return false
		}
		by, err := plan.Find(a.crawlers, c.Crawler())
		limits := func(k crawl.LimiterKind) bool { return k.Name == c.Limiter && overServer(k) }
		return err == nil && by.Fleet || c.Rate > 0 && slices.ContainsFunc(a.limiters, limits)
	})
}

// overServer reports whether the processes under a limiter share a server.
func overServer(k crawl.LimiterKind) bool { return k.Fleet && !k.Local }

// serveFleets starts the server that the fleets of p share, if there are any, and returns the plan that can be
// measured: without what needs a server, if this machine has none.
func (a *app) serveFleets(ctx context.Context, s *plan.Scenario, p *plan.Plan, f *runFlags) (*plan.Plan, error) {
	if !a.needsServer(p) {
		if f.redis != "" {
			return nil, usagef("run: -redis: nothing in this plan is shared over a server: omit it")
		}
		return p, nil
	}
	var err error
	if f.server, err = a.startServer(ctx, f.redis); err == nil {
		return p, nil
	}
	err = fmt.Errorf("run: start the server that processes share: %w", err)
	// What is left out would differ between the machines of shards, which have one plan.
	if f.redis != "" || f.shard.place != "" || !errors.Is(err, exec.ErrNotFound) {
		return nil, err
	}
	left := a.leaveOut(s)
	p, errRest := a.make(s)
	if errRest != nil { // nothing is left
		return nil, err
	}
	a.tell(fmt.Sprintf("note: %s are left out: %v", strings.Join(left, ", "), errors.Unwrap(err)))
	return p, nil
}

// leaveOut removes from a scenario what needs a server, and returns its names.
func (a *app) leaveOut(s *plan.Scenario) (left []string) {
	chosen, err := plan.Choose(s.Crawlers, a.crawlers)
	if err != nil {
		return nil // which the plan has reported
	}
	s.Crawlers = nil
	for _, c := range chosen {
		if c.Fleet {
			left = append(left, c.Name)
			if s.Baseline == c.Name {
				s.Baseline = ""
			}
			continue
		}
		s.Crawlers = append(s.Crawlers, c.Name)
	}
	s.Limiters = slices.DeleteFunc(slices.Clone(s.Limiters), func(name string) bool {
		i := slices.IndexFunc(a.limiters, func(k crawl.LimiterKind) bool { return k.Name == name })
		if i < 0 || !overServer(a.limiters[i]) {
			return false
		}
		left = append(left, name)
		return true
	})
	if len(s.Limiters) == 0 {
		s.Limiters = []string{""}
		s.Rates = slices.DeleteFunc(slices.Clone(s.Rates), func(r plan.Rate) bool { return r > 0 })
	}
	return left
}

// wrongLimiters returns what is wrong with those limiters of a plan that are there to show it.
func (a *app) wrongLimiters(p *plan.Plan) map[string]string {
	var wrong map[string]string
	for _, k := range a.limiters {
		used := slices.ContainsFunc(p.Cells, func(c plan.Cell) bool { return c.Limiter == k.Name })
		if k.Wrong != "" && used {
			if wrong == nil {
				wrong = map[string]string{}
			}
			wrong[k.Name] = k.Wrong
		}
	}
	return wrong
}

// withoutPassword returns args without the password of a URL that is one of them, or ends one of them: runs are shown
// to others.
func withoutPassword(args []string, address string) []string {
	u, err := url.Parse(address)
	if address == "" || err == nil && u.User == nil {
		return args
	}
	shown := "REDACTED"
	if err == nil {
		shown = u.Redacted()
	}
	args = slices.Clone(args)
	for i, arg := range args {
		if before, ok := strings.CutSuffix(arg, address); ok {
			args[i] = before + shown
		}
	}
	return args
}

// resumeServer starts the server of a resumed run, if it has one. Samples with another version would not be comparable.
func (a *app) resumeServer(ctx context.Context, run *store.Run, f *runFlags) (err error) {
	if !a.needsServer(run.Plan()) {
		if f.redis != "" {
			return usagef("-redis: nothing in this run is shared over a server: leave it out")
		}
		return nil
	}
	if f.server, err = a.startServer(ctx, f.redis); err != nil {
		return fmt.Errorf("start the server that processes share: %w", err)
	}
	if then, now := run.Manifest().Server, f.server.Version(); then != "" && then != now {
		return exitError{exitNotComparable, fmt.Errorf("the run began with %s, and the server is now %s: install "+
			"%[1]s, or start a new run", then, now)}
	}
	return nil
}

// closeServer ends the server of a run.
func (a *app) closeServer(f *runFlags) {
	if f.server == nil {
		return
	}
	if err := f.server.Close(); err != nil {
		a.tell("note: end the server that processes shared: " + err.Error())
	}
}
