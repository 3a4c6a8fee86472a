package main

import (
	"fmt"
	"slices"

	"crawlbench/internal/graph"
)

// setup is the locations of the graphs and programs.
type setup struct {
	dir                    string
	gapbs, topDown, purego string
}

// rmat and uniform return graphs as the GAP Benchmark Suite generates them, with its default degree of 16
// and reverse links added.
func rmat(scale int) graph.Spec {
	return graph.Spec{Kind: "rmat", Scale: scale, Degree: 16, Symmetric: true, Seed: 1}
}

func uniform(scale int) graph.Spec {
	return graph.Spec{Kind: "uniform", Pages: 1 << scale, Degree: 16, Symmetric: true, Seed: 1}
}

// The best crawlers, without and with prefetching, and the best by URL.
const (
	best        = "chunked"
	prefetching = "readahead"
	bestURL     = "chunked"
)

// table returns the rows that can be measured with what s has.
func table(s setup) []row {
	var rows []row
	add := func(required, target float64, subject, baseline side, work string, args ...any) {
		rows = append(rows, row{work: fmt.Sprintf(work, args...), required: required, target: target, subject: subject,
			baseline: baseline})
	}
	for _, g := range []graph.Spec{rmat(20), uniform(20), rmat(22), uniform(22)} {
		name, prefetchRequired, prefetchTarget := graphName(g), 1.8, 3.0
		if name == "rmat22" || name == "uniform22" {
			prefetchRequired, prefetchTarget = 3, 5
		}
		if s.topDown != "" {
			peer := s.peer(s.topDown, "GAPBS top-down", g)
			add(1, 1.5, s.crawl(best, "id", 2, g), peer, "%s w=2 / GAPBS top-down, %s", best, name)
			add(prefetchRequired, prefetchTarget, s.crawl(prefetching, "id", 2, g), peer, "%s w=2 / GAPBS top-down, %s",
				prefetching, name)
		}
		if s.gapbs != "" {
			add(0, 0, s.crawl(prefetching, "id", 2, g), s.peer(s.stock(), "GAPBS", g),
				"%s w=2 / unmodified GAPBS, which needs in-links, %s", prefetching, name)
		}
	}
	for _, g := range []graph.Spec{rmat(18), rmat(20), uniform(20)} {
		name := graphName(g)
		add(50, 100, s.crawl(prefetching, "id", 64, g), s.crawl("mutexmap", "id", 64, g), "%s / mutexmap w=64, %s",
			prefetching, name)
		add(8, 15, s.crawl("cas", "id", 64, g), s.crawl("mutexmap", "id", 64, g), "cas / mutexmap w=64, %s", name)
		add(8, 15, s.crawl("ownerbatch", "id", 64, g), s.crawl("owner", "id", 64, g), "ownerbatch / owner w=64, %s",
			name)
		add(0.8, 0.95, s.crawl(prefetching, "id", 64, g), s.crawl(prefetching, "id", 2, g), "%s w=64 / w=2, %s",
			prefetching, name)
		add(0.8, 0.95, s.crawl(best, "id", 64, g), s.crawl(best, "id", 2, g), "%s w=64 / w=2, %s", best, name)
	}
	if s.purego != "" {
		for _, g := range []graph.Spec{rmat(20), uniform(20), rmat(22), uniform(22)} {
			add(0, 0, s.crawl(prefetching, "id", 2, g), s.pureGo(prefetching, 2, g), "%s w=2, assembly / plain Go, %s",
				prefetching, graphName(g))
		}
	}
	if s.gapbs != "" {
		rows = append(rows, s.buildRows()...)
	}
	g := rmat(18)
	add(6, 12, s.crawl(bestURL, "url", 64, g), s.crawl("mutexmap", "url", 64, g), "%s / mutexmap w=64, URLs, %s",
		bestURL, graphName(g))
	add(1, 1.9, s.crawl(bestURL, "url", 64, g), s.crawl("xsync", "url", 64, g), "%s / xsync w=64, URLs, %s", bestURL,
		graphName(g))

	for _, g := range []graph.Spec{rmat(18), rmat(20)} {
		for _, name := range []string{best, prefetching} {
			rows = append(rows, row{
				work: fmt.Sprintf("time with the harness / bare, %s w=2, %s", name, graphName(g)), required: 1.25,
				target: 1.05, atMost: true,
				subject: s.verified(name, 2, g), baseline: s.crawl(name, "id", 2, g),
				value: func(subject, baseline result) float64 { return subject.Seconds / baseline.Seconds },
			})
		}
	}
	rows = append(rows, row{
		work: "mallocs per page, " + prefetching + " w=2, rmat20", required: 0.01, target: 0.001, atMost: true,
		subject: s.crawl(prefetching, "id", 2, rmat(20)),
		value:   func(subject, _ result) float64 { return subject.Mallocs / subject.Pages },
	})
	return slices.Concat(rows, s.growth(), limiterRows())
}

// growth compares a large graph with a small one of the same kind.
func (s setup) growth() []row {
	small := s.crawl(prefetching, "id", 2, uniform(11)) // 2^16 links
	perLink := func(subject, baseline result) float64 {
		return subject.Seconds / subject.Links / (baseline.Seconds / baseline.Links)
	}
	var rows []row
	for scale := 13; scale <= 22; scale += 3 {
		r := row{work: fmt.Sprintf("time per link with 2^%d links / with 2^16, %s", scale+5, prefetching),
			subject: s.crawl(prefetching, "id", 2, uniform(scale)), baseline: small, value: perLink, atMost: true}
		if scale == 22 {
			r.required, r.target = 4, 4
		}
		rows = append(rows, r)
	}
	return append(rows, row{
		work: "bytes allocated per page, 2^27 links / 2^24, " + prefetching, required: 1.5, target: 1.1, atMost: true,
		subject: s.crawl(prefetching, "id", 2, uniform(22)), baseline: s.crawl(prefetching, "id", 2, uniform(19)),
		value: func(subject, baseline result) float64 {
			return subject.Bytes / subject.Pages / (baseline.Bytes / baseline.Pages)
		},
	})
}

// graphName returns a graph's name in the table and in file names.
func graphName(g graph.Spec) string {
	if g.Kind == "rmat" {
		return fmt.Sprintf("rmat%d", g.Scale)
	}
	scale := 0
	for 1<<scale < g.Pages {
		scale++
	}
	return fmt.Sprintf("%s%d", g.Kind, scale)
}
