package breakdown

import (
	"cmp"
	"slices"

	"golang.org/x/exp/trace"
)

// maxEnds is the maximum number of rows in Breakdown.Ends.
const maxEnds = 50

type siteKey struct {
	class            State
	where, primitive string
}

type endKey struct {
	class     State
	where, by string
	called    string
}

// tally adds up where workers did not run, and who ended their waits.
type tally struct {
	sites map[siteKey]*Site
	ends  map[endKey]*End
}

func (t tally) site(class State, where, primitive string) *Site {
	k := siteKey{class, where, primitive}
	s := t.sites[k]
	if s == nil {
		s = &Site{State: class, Where: where, Primitive: primitive}
		t.sites[k] = s
	}
	return s
}

func (t tally) addSite(class State, where, primitive string, ns float64) {
	s := t.site(class, where, primitive)
	s.Count++
	s.Seconds += ns / 1e9
}

// addQueue adds time that a woken goroutine waited for a processor: to the site where it slept, and to what ended that
// wait.
func (t tally) addQueue(class State, wait interval, ns float64) {
	where, primitive := wait.place()
	s := t.site(class, where, primitive)
	s.Wakes++
	s.Seconds += ns / 1e9
	s.Queue += ns / 1e9
	e := t.end(class, where, wait)
	e.Seconds += ns / 1e9
	e.Queue += ns / 1e9
}

func (t tally) end(class State, where string, p interval) *End {
	by, called := "(none)", ""
	switch {
	case p.by != nil:
		by, called = p.by.site, p.by.primitive
	case p.byRuntime:
		by = "(runtime)"
	}
	k := endKey{class, where, by, called}
	e := t.ends[k]
	if e == nil {
		e = &End{State: class, Where: where, By: by, Called: called}
		t.ends[k] = e
	}
	return e
}

func (t tally) add(class State, p interval, ns float64) {
	where, primitive := p.place()
	t.addSite(class, where, primitive, ns)
	if p.state != trace.GoWaiting {
		return
	}
	e := t.end(class, where, p)
	e.Count++
	e.Seconds += ns / 1e9
}

// place returns where the goroutine did not run, and what it had called there.
func (p interval) place() (where, primitive string) {
	where, primitive = "(on a processor)", p.reason
	if p.at != nil {
		where = p.at.site
		switch {
		case p.reason == "started" && p.by != nil:
			where = p.by.site
		case p.reason == "preempted" || p.reason == "stop the world":
			where = p.at.function // the line is arbitrary
		case p.state == trace.GoWaiting && p.at.primitive != "":
			primitive = p.at.primitive
		case p.gc:
			primitive = "collecting"
		}
	}
	return where, primitive
}

// finish returns the tables, largest first.
func (t tally) finish(worker float64) ([]Site, []End) {
	var sites []Site
	for _, s := range t.sites {
		s.Share = ratio(s.Seconds, worker)
		sites = append(sites, *s)
	}
	slices.SortFunc(sites, func(a, b Site) int {
		return cmp.Or(cmp.Compare(b.Seconds, a.Seconds), cmp.Compare(a.State, b.State), cmp.Compare(a.Where, b.Where),
			cmp.Compare(a.Primitive, b.Primitive))
	})
	var ends []End
	for _, e := range t.ends {
		ends = append(ends, *e)
	}
	slices.SortFunc(ends, func(a, b End) int {
		return cmp.Or(cmp.Compare(b.Seconds, a.Seconds), cmp.Compare(a.State, b.State), cmp.Compare(a.Where, b.Where),
			cmp.Compare(a.By, b.By), cmp.Compare(a.Called, b.Called))
	})
	return sites, ends[:min(len(ends), maxEnds)]
}

// closeRoles returns the roles in seconds, the busiest first.
func closeRoles(roles map[string]*Role, wall float64) []Role {
	var list []Role
	for _, r := range roles {
		r.Running /= 1e9
		r.Runnable /= 1e9
		r.Waiting /= 1e9
		r.Away /= 1e9
		r.Ended /= 1e9
		r.Share = ratio(r.Running, wall)
		list = append(list, *r)
	}
	slices.SortFunc(list, func(a, b Role) int {
		return cmp.Or(cmp.Compare(b.Running, a.Running), cmp.Compare(a.Entry, b.Entry))
	})
	return list
}

// ratio returns part divided by whole, or 0 if whole is 0.
func ratio(part, whole float64) float64 {
	if whole == 0 {
		return 0
	}
	return part / whole
}
