package measure

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"crawlbench/internal/crawl"
	"crawlbench/internal/graph"
	"crawlbench/internal/plan"

	"crawlbench/internal/store"
	"crawlbench/internal/web"
)

// Graph is a graph that is built once for all children.
type Graph struct {
	Info  store.GraphInfo
	Cache string // path of the cache file
	// Largest is the number of pages of the largest host.
	Largest int
}

// Infos returns what a manifest says of graphs.
func Infos(graphs []Graph) []store.GraphInfo {
	list := make([]store.GraphInfo, len(graphs))
	for i, g := range graphs {
		list[i] = g.Info
	}
	return list
}

// CacheFiles returns the cache files of graphs by their names.
func CacheFiles(graphs []Graph) map[string]string {
	files := map[string]string{}
	for _, g := range graphs {
		files[g.Info.Name] = g.Cache
	}
	return files
}

// Build builds the graphs of p into cache files in dir. memory limits the memory for building, in bytes; 0 means no
// limit.
func Build(ctx context.Context, p *plan.Plan, dir string, memory int64) ([]Graph, error) {
	var built []Graph
	for _, g := range p.Graphs {
		b, err := build(ctx, p, g, filepath.Join(dir, g.Name+".graph"), memory)
		if err != nil {
			return nil, fmt.Errorf("graph %s: %w", g.Name, err)
		}
		built = append(built, b)
	}
	debug.FreeOSMemory()
	return built, nil
}

func build(ctx context.Context, p *plan.Plan, sg plan.Graph, file string, memory int64) (Graph, error) {
	g, err := graph.Build(ctx, sg.Spec, memory)
	if err != nil {
		return Graph{}, err
	}
	if err := CheckRecorded(p.BehaviourOf(sg.Name), g); err != nil {
		return Graph{}, err
	}
	byURL := slices.ContainsFunc(p.Cells, func(c plan.Cell) bool { return c.Graph == sg.Name && c.Keys == "url" })
	if need := web.URLMemory(g.Pages(), len(g.Links)); byURL && memory > 0 && need > memory {
		return Graph{}, fmt.Errorf("its URLs as keys need about %d MiB in each child process, but only %d MiB are free: "+
			"choose fewer pages or links, or keys = [\"id\"]", need>>20, memory>>20)
	}
	var digest, sum string
	var sums sync.WaitGroup
	sums.Go(func() { digest, sum = g.Digest(), g.SHA256() })
	// Walk is sequential, so the sums can be computed at the same time.
	reach := p.BehaviourOf(sg.Name).Reach(g, policyOf(p), true)
	sums.Wait()
	if err := graph.WriteCache(file, g, reach); err != nil {
		return Graph{}, err
	}
	if err := graph.CheckCache(file); err != nil {
		return Graph{}, err
	}
	first, past := g.Largest()
	built := Graph{Cache: file, Largest: int(past - first), Info: store.GraphInfo{
		Name: sg.Name, Spec: g.Described(sg.Spec), Digest: digest, SHA256: sum, Pages: g.Pages(), Links: len(g.Links),
		Reachable: reach.Pages, Failed: reach.Failed, Depth: reach.Depth,
	}}
	if g.Record != nil {
		built.Info.RecordedMedian = time.Duration(g.Record.Median) * time.Microsecond
		built.Info.RecordedMean = meanWait(graph.Behaviour{Latency: graph.Latency{Model: graph.Recorded}}, g, reach)
	}
	return built, nil
}

// policyOf returns the policy of a plan, nil without one.
func policyOf(p *plan.Plan) *crawl.Policy { return (&Job{Politeness: p.Politeness}).policy() }

// CheckRecorded returns an error if fetches of g are to replay latencies that it does not have.
func CheckRecorded(b graph.Behaviour, g *graph.Graph) error {
	if b.Latency.Model != graph.Recorded || g.Record != nil && g.Record.Median > 0 {
		return nil
	}
	return errors.New("it has no recorded latencies to replay: want a graph that \"crawlbench import\" made of a crawl " +
		"with times, or another [fetch] latency")
}

// meanWait returns the mean waiting time of the pages that a crawl fetches.
func meanWait(b graph.Behaviour, g *graph.Graph, reach graph.Reach) time.Duration {
	if b.Latency.Model != graph.Recorded {
		return b.Latency.MeanWait()
	}
	sum, as := 0.0, b.On(g)
	for p := range uint32(g.Pages()) {
		if reach.Has(p) {
			sum += float64(as.Wait(p, 0))
		}
	}
	return time.Duration(sum / float64(reach.Pages))
}

// Caches creates the directory for the graphs' cache files in the run's directory and returns a function that removes
// it. Leftovers of a killed run are deleted.
func Caches(run *store.Run) (dir string, remove func(), err error) {
	dir, err = run.Remake(".graphs")
	if err != nil {
		return "", nil, fmt.Errorf("create the directory for the graphs: %w", err)
	}
	return dir, func() { os.RemoveAll(dir) }, nil
}

// A process of a block needs about processMemory, and pageMemory for each page: what the visited set, the frontier or a
// goroutine for each page take, with the heap that is not collected yet.
const (
	processMemory = 32 << 20
	pageMemory    = 1 << 10
)

// SetResidents lets p take blocks where the processes of all crawlers of a group fit together into half of the free
// memory, 0 if that is unknown; the other half is for those that need more. It draws the schedule of p anew.
func SetResidents(p *plan.Plan, graphs []Graph, free int64) {
	p.SetResidents(func(group []plan.Cell) bool {
		for _, g := range graphs {
			if g.Info.Name != group[0].Graph {
				continue
			}
			need := processMemory + int64(g.Info.Pages)*pageMemory
			if group[0].Keys == "url" {
				need += web.URLMemory(g.Info.Pages, g.Info.Links)
			}
			if p.Memory > 0 {
				need = min(need, p.Memory)
			}
			return free == 0 || need <= free/2/int64(len(group))
		}
		return true
	})
}
