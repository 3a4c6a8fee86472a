package collycrawler

import (
	"context"
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gocolly/colly/v2"

	"crawlbench/internal/graph"
	"crawlbench/internal/web/server"
	"crawlbench/internal/web/server/pipenet"
)

// served crawls 20 hosts of 50 pages with a colly that nobody adapted, over HTTP in virtual time, and returns what the
// site says about it.
func served(t *testing.T, shares server.Shares, rules func(hosts int) []*colly.LimitRule) server.Verdict {
	const hosts = 20
	g, err := graph.Build(t.Context(), graph.Spec{Kind: "even", Pages: hosts * 50, Hosts: hosts, Seed: 1}, 0)
	if err != nil {
		t.Fatal(err)
	}
	latency := graph.Latency{Model: "lognormal", Median: 60 * time.Millisecond, Sigma: 0.87}
	site, err := server.New(g, graph.Behaviour{Latency: latency, Seed: 1}, server.Settings{Shares: shares, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	n := pipenet.New()
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- site.Serve(ctx, n) }()
	tr := &http.Transport{DialContext: n.Dial}
	c := colly.NewCollector(colly.Async(true))
	c.WithTransport(tr)
	if err := c.Limits(rules(hosts)); err != nil {
		t.Fatal(err)
	}
	c.OnHTML("a[href]", func(a *colly.HTMLElement) { _ = a.Request.Visit(a.Attr("href")) })
	if err := c.Visit(site.SeedURL()); err != nil {
		t.Error(err)
	}
	c.Wait()
	tr.CloseIdleConnections()
	stop()
	if err := <-done; err != nil {
		t.Error(err)
	}
	return site.Verdict()
}

// all returns one rule for all hosts.
func all(int) []*colly.LimitRule {
	return []*colly.LimitRule{{DomainGlob: "*", Parallelism: 8, Delay: time.Second}}
}

// each returns a rule for each host.
func each(hosts int) (rules []*colly.LimitRule) {
	for h := range hosts {
		rules = append(rules, &colly.LimitRule{DomainGlob: fmt.Sprintf("www.h%d.example", h), Delay: time.Second})
	}
	return rules
}

// TestARuleForAllHostsIsNoGap: a delay in a rule for "*" holds back a slot, not a host.
func TestARuleForAllHostsIsNoGap(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := served(t, server.Shares{}, all)
		if v.Missed.Count > 0 || v.Unknown.Count > 0 {
			t.Errorf("%+v", v)
		}
		if v.Gap >= time.Second || v.AtHost < 2 || v.InFlight > 8 {
			t.Errorf("the least gap is %v, and %d requests are in flight at a host, %d in all; want less than 1s, and up to 8",
				v.Gap, v.AtHost, v.InFlight)
		}
	})
}

// TestARuleForEachHostIsAGap is its twin, with a rule for each of the hosts, which have to be known.
func TestARuleForEachHostIsAGap(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := served(t, server.Shares{}, each)
		if v.Missed.Count > 0 || v.Unknown.Count > 0 || v.Gap < time.Second || v.AtHost != 1 {
			t.Errorf("%+v", v)
		}
	})
}

// TestFragmentsMakeOtherPages: the markup of the web is read without a fault, but a page that is linked with and without
// a fragment is fetched twice, as the key of the visited set has the fragment.
func TestFragmentsMakeOtherPages(t *testing.T) {
	shares := server.DefaultShares()
	for _, fragments := range []float64{0, shares.Fragments} {
		shares.Fragments = fragments
		synctest.Test(t, func(t *testing.T) {
			v := served(t, shares, each)
			if v.Missed.Count > 0 || v.Unknown.Count > 0 || v.Gap < time.Second || (v.Twice.Count > 0) != (fragments > 0) {
				t.Errorf("a share of %v with fragments: %+v", fragments, v)
			}
		})
	}
}
