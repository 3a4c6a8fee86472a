package main

import (
	"fmt"
	"slices"

	"crawlbench/internal/graph"
)

// setup is where things are.
type setup struct {
	dir                    string
	gapbs, topDown, purego string
}

// The graphs are made as the GAP Benchmark Suite makes its own, with its default degree of 16, turned round and added.
func rmat(scale int) graph.Spec {
	return graph.Spec{Kind: "rmat", Scale: scale, Degree: 16, Symmetric: true, Seed: 1}
}

func uniform(scale int) graph.Spec {
	return graph.Spec{Kind: "uniform", Pages: 1 << scale, Degree: 16, Symmetric: true, Seed: 1}
}

// The best contenders, without and with reading ahead, and the best by URL.
const (
	best    = "chunked"
	hinted  = "readahead"
	bestURL = "chunked"
)

// table returns the rows that can be measured with what s has.
func table(s setup) []row {
	var rows []row
	add := func(must, aim float64, of, against side, work string, args ...any) {
		rows = append(rows, row{work: fmt.Sprintf(work, args...), must: must, aim: aim, of: of, against: against})
	}
	for _, g := range []graph.Spec{rmat(20), uniform(20), rmat(22), uniform(22)} {
		name, hintedMust, hintedAim := short(g), 1.8, 3.0
		if name == "rmat22" || name == "uniform22" {
			hintedMust, hintedAim = 3, 5
		}
		if s.topDown != "" {
			peer := s.peer(s.topDown, "GAPBS top-down", g)
			add(1, 1.5, s.crawl(best, "id", 2, g), peer, "%s w=2 / GAPBS top-down, %s", best, name)
			add(hintedMust, hintedAim, s.crawl(hinted, "id", 2, g), peer, "%s w=2 / GAPBS top-down, %s", hinted, name)
		}
		if s.gapbs != "" {
			add(0, 0, s.crawl(hinted, "id", 2, g), s.peer(s.stock(), "GAPBS", g), "%s w=2 / GAPBS as it is, which needs in-links, %s", hinted, name)
		}
	}
	for _, g := range []graph.Spec{rmat(18), rmat(20), uniform(20)} {
		name := short(g)
		add(50, 100, s.crawl(hinted, "id", 64, g), s.crawl("mutexmap", "id", 64, g), "%s / mutexmap w=64, %s", hinted, name)
		add(8, 15, s.crawl("cas", "id", 64, g), s.crawl("mutexmap", "id", 64, g), "cas / mutexmap w=64, %s", name)
		add(8, 15, s.crawl("ownerbatch", "id", 64, g), s.crawl("owner", "id", 64, g), "ownerbatch / owner w=64, %s", name)
		add(0.8, 0.95, s.crawl(hinted, "id", 64, g), s.crawl(hinted, "id", 2, g), "%s w=64 / w=2, %s", hinted, name)
		add(0.8, 0.95, s.crawl(best, "id", 64, g), s.crawl(best, "id", 2, g), "%s w=64 / w=2, %s", best, name)
	}
	if s.purego != "" {
		for _, g := range []graph.Spec{rmat(20), uniform(20), rmat(22), uniform(22)} {
			add(0, 0, s.crawl(hinted, "id", 2, g), s.plain(hinted, 2, g), "%s w=2, assembly / plain Go, %s", hinted, short(g))
		}
	}
	if s.gapbs != "" {
		rows = append(rows, s.built()...)
	}
	g := rmat(18)
	add(6, 12, s.crawl(bestURL, "url", 64, g), s.crawl("mutexmap", "url", 64, g), "%s / mutexmap w=64, URLs, %s", bestURL, short(g))
	add(1, 1.9, s.crawl(bestURL, "url", 64, g), s.crawl("xsync", "url", 64, g), "%s / xsync w=64, URLs, %s", bestURL, short(g))

	for _, g := range []graph.Spec{rmat(18), rmat(20)} {
		for _, name := range []string{best, hinted} {
			rows = append(rows, row{
				work: fmt.Sprintf("time with the harness / bare, %s w=2, %s", name, short(g)), must: 1.25, aim: 1.05, atMost: true,
				of: s.judged(name, 2, g), against: s.crawl(name, "id", 2, g),
				value: func(of, against result) float64 { return of.Seconds / against.Seconds },
			})
		}
	}
	rows = append(rows, row{
		work: "mallocs a page, " + hinted + " w=2, rmat20", must: 0.01, aim: 0.001, atMost: true, of: s.crawl(hinted, "id", 2, rmat(20)),
		value: func(of, _ result) float64 { return of.Mallocs / of.Pages },
	})
	return slices.Concat(rows, s.growth(), limiterRows())
}

// growth compares a large graph with a small one, the same but for its size.
func (s setup) growth() []row {
	small := s.crawl(hinted, "id", 2, uniform(11)) // 2^16 links
	perLink := func(of, against result) float64 {
		return of.Seconds / of.Links / (against.Seconds / against.Links)
	}
	var rows []row
	for scale := 13; scale <= 22; scale += 3 {
		r := row{work: fmt.Sprintf("time a link with 2^%d links / with 2^16, %s", scale+5, hinted), of: s.crawl(hinted, "id", 2, uniform(scale)), against: small, value: perLink, atMost: true}
		if scale == 22 {
			r.must, r.aim = 4, 4
		}
		rows = append(rows, r)
	}
	return append(rows, row{
		work: "bytes allocated a page, 2^27 links / 2^24, " + hinted, must: 1.5, aim: 1.1, atMost: true,
		of: s.crawl(hinted, "id", 2, uniform(22)), against: s.crawl(hinted, "id", 2, uniform(19)),
		value: func(of, against result) float64 {
			return of.Bytes / of.Pages / (against.Bytes / against.Pages)
		},
	})
}

// short is a graph's name in the table and of its files.
func short(g graph.Spec) string {
	if g.Kind == "rmat" {
		return fmt.Sprintf("rmat%d", g.Scale)
	}
	scale := 0
	for 1<<scale < g.Pages {
		scale++
	}
	return fmt.Sprintf("%s%d", g.Kind, scale)
}
