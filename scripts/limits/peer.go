package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"crawlbench/internal/graph"
	"crawlbench/internal/rundir"
	"crawlbench/internal/stat"
)

// peerTrials is the number of searches per process. The first, which has page faults, is not
// counted.
const peerTrials = 4

// stock returns the path of the unmodified search program of the checkout.
func (s setup) stock() string { return filepath.Join(s.gapbs, "bfs") }

// peer returns the side of a breadth-first search of the GAP Benchmark Suite with two threads.
func (s setup) peer(program, name string, g graph.Spec) side {
	return side{name + " " + graphName(g), func(ctx context.Context) (r result, err error) {
		file, start, err := s.serialised(ctx, g)
		if err != nil {
			return r, err
		}
		cmd := exec.CommandContext(ctx, program, "-f", file, "-r", strconv.Itoa(int(start)), "-n",
			strconv.Itoa(peerTrials))
		cmd.Env = append(os.Environ(), "OMP_NUM_THREADS=2")
		out, err := cmd.Output()
		if err != nil {
			return r, fmt.Errorf("%v: %w", cmd, err)
		}
		times := timesOf(out, "Trial Time:")
		if len(times) != peerTrials {
			return r, fmt.Errorf("%v printed %d trial times, want %d", cmd, len(times), peerTrials)
		}
		r.Seconds = stat.Quantile(times[1:], 0.5)
		return r, nil
	}}
}

// timesOf returns the numbers after label, one per line.
func timesOf(out []byte, label string) (seconds []float64) {
	for lines := bufio.NewScanner(bytes.NewReader(out)); lines.Scan(); {
		if rest, ok := strings.CutPrefix(lines.Text(), label); ok {
			if v, err := strconv.ParseFloat(strings.TrimSpace(rest), 64); err == nil {
				seconds = append(seconds, v)
			}
		}
	}
	return seconds
}

// serialised returns the .sg file of g and the start page. It writes the file if necessary, from
// the cache file that the crawlers map.
func (s setup) serialised(ctx context.Context, g graph.Spec) (file string, start uint32, err error) {
	mapped, err := s.cache(ctx, g)
	if err != nil {
		return "", 0, err
	}
	cache, err := graph.OpenCache(mapped)
	if err != nil {
		return "", 0, err
	}
	defer cache.Close()
	file = strings.TrimSuffix(mapped, ".graph") + ".sg"
	if _, err := os.Stat(file); err == nil || !errors.Is(err, os.ErrNotExist) {
		return file, cache.Graph.Start, err
	}
	return file, cache.Graph.Start, rundir.Replace(file, 0o644, false,
		func(w io.Writer) error { return graph.WriteSG(w, cache.Graph) })
}
