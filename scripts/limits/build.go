package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"time"

	"crawlbench/internal/graph"
)

// buildRows returns the rows for graph building. Both sides draw 2^scale * 16 links, add the
// reverse links, sort them and remove duplicates, in a process that does nothing else and is timed
// from start to end. GAPBS also removes links from a page to itself, and we find the page with the
// most links.
func (s setup) buildRows() []row {
	var rows []row
	for _, scale := range []int{18, 20, 22} {
		for _, g := range []graph.Spec{rmat(scale), uniform(scale)} {
			rows = append(rows, row{work: "building / GAPBS by 1 or 2 threads, " + graphName(g), required: 3, target: 5,
				subject: buildSide(g), baseline: s.peerBuild(g, scale)})
		}
	}
	return rows
}

// buildSide returns the side of our own graph building.
func buildSide(g graph.Spec) side {
	return side{"building " + graphName(g), func(ctx context.Context) (r result, err error) {
		begin := time.Now()
		r, err = start(ctx, job{Build: &g})
		r.Seconds = time.Since(begin).Seconds()
		return r, err
	}}
}

// buildOnly builds a graph and prints its size.
func buildOnly(s graph.Spec) error {
	g, err := graph.Build(context.Background(), s, 0)
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(result{Pages: float64(g.Pages()), Links: float64(len(g.Links))})
}

// peerBuild returns the side of GAPBS: its search program with zero searches, by one thread and by
// two, of which the faster counts.
func (s setup) peerBuild(g graph.Spec, scale int) side {
	kind := "-g"
	if g.Kind == "uniform" {
		kind = "-u"
	}
	return side{"GAPBS building " + graphName(g), func(ctx context.Context) (r result, err error) {
		for _, threads := range []string{"1", "2"} {
			cmd := exec.CommandContext(ctx, s.stock(), kind, strconv.Itoa(scale), "-n", "0")
			cmd.Env = append(os.Environ(), "OMP_NUM_THREADS="+threads)
			begin := time.Now()
			if out, err := cmd.CombinedOutput(); err != nil {
				return r, fmt.Errorf("%v: %w: %s", cmd, err, out)
			}
			if took := time.Since(begin).Seconds(); r.Seconds == 0 || took < r.Seconds {
				r.Seconds = took
			}
		}
		return r, nil
	}}
}
