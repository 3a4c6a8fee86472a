package simulate

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"crawlbench/internal/child"
	"crawlbench/internal/crawl"
	"crawlbench/internal/hostlog"
)

// ChildVerb is the first argument of a program that is called as the child process of a simulation, as
// ChildVerb CRAWLER.
const ChildVerb = "__simulate"

// Row is the result of a crawler in a situation.
type Row struct {
	Situation, Crawler string
	Polite             bool // the crawler says that it keeps a policy
	Workers            int
	hostlog.Measures
	Peak   int      // most fetches in flight at one host
	Faults []string // rules that were broken
	// Strip has what some hosts were doing, for the first situation; see hostlog.Strip.
	Strip  []string
	Failed string // why there are no measures; "" if there are
}

// patience is the time limit of the crawls of one crawler.
const patience = 2 * time.Minute

// Run crawls the situations of the scenario polite with each of the crawlers, each in a process of its own, and
// returns the results in the order of situations and crawlers. command returns the command for the process of a
// crawler, which must call Child.
func Run(ctx context.Context, crawlers []crawl.Crawler, command func(crawler string) *exec.Cmd) ([]Row, error) {
	rows := make([][]Row, len(crawlers))
	errs := make([]error, len(crawlers))
	next := make(chan int)
	var pool sync.WaitGroup
	for range runtime.NumCPU() {
		pool.Go(func() {
			for i := range next {
				rows[i], errs[i] = runOne(ctx, crawlers[i], command)
			}
		})
	}
	for i := range crawlers {
		next <- i
	}
	close(next)
	pool.Wait()
	for _, err := range errs {
		if err != nil {
			return nil, err
		}
	}
	var list []Row
	for i := range Situations() {
		for _, of := range rows {
			if i < len(of) {
				list = append(list, of[i])
			}
		}
	}
	return list, nil
}

// situations returns those that a crawler is simulated in. One is enough to see that it knows no hosts.
func situations(c crawl.Crawler) []Situation {
	if c.Polite {
		return Situations()
	}
	return Situations()[:1]
}

// runOne returns a row for each situation.
func runOne(ctx context.Context, c crawl.Crawler, command func(string) *exec.Cmd) ([]Row, error) {
	end, err := child.Run(ctx, func() *exec.Cmd { return command(c.Name) }, patience)
	if err != nil {
		return nil, fmt.Errorf("simulate %s: %w", c.Name, err)
	}
	var rows []Row
	for _, r := range end.Records {
		var row Row
		if r.Kind == record && json.Unmarshal(r.Body, &row) == nil {
			rows = append(rows, row)
		}
	}
	for _, s := range situations(c)[len(rows):] {
		why := fmt.Sprintf("%s: %s", end.Class, end.Text)
		rows = append(rows, Row{Situation: s.Name, Crawler: c.Name, Polite: c.Polite, Workers: s.Workers, Failed: why})
	}
	return rows, nil
}

// A strip shows some of the hosts for the beginning of a crawl, so that those of several crawlers can be compared.
const (
	stripHosts   = 10
	stripColumns = 80
	StripTime    = 80 * time.Second
)

// record is the kind of the records with a Row.
const record = "row"

// Child is the main function of a child process: it crawls all situations with the crawler args[0] and exits.
func Child(args []string, crawlers []crawl.Crawler) {
	i := slices.IndexFunc(crawlers, func(c crawl.Crawler) bool { return c.Name == args[0] })
	if i < 0 {
		fmt.Fprintf(os.Stderr, "no crawler %q\n", args[0])
		os.Exit(2)
	}
	line, err := child.Open()
	if err != nil {
		fmt.Fprintln(os.Stderr, "simulate:", err)
		os.Exit(2)
	}
	os.Args = os.Args[:1] // package testing parses the rest
	one := func(t *testing.T) {
		for _, s := range situations(crawlers[i]) {
			row, err := Take(t, crawlers[i], s)
			if err == nil {
				err = line.Say(record, row)
			}
			if err != nil {
				fmt.Fprintln(os.Stderr, "simulate:", err)
				os.Exit(1)
			}
		}
		line.End(nil)
	}
	testing.Main(func(string, string) (bool, error) { return true, nil },
		[]testing.InternalTest{{Name: "simulate", F: one}}, nil, nil)
}

// Take crawls a situation in virtual time.
func Take(t *testing.T, c crawl.Crawler, s Situation) (Row, error) {
	site, err := Build(t.Context(), s)
	if err != nil {
		return Row{}, err
	}
	keys := "id"
	if c.ByID == nil {
		keys = "url"
	}
	if c.MaxWorkers > 0 {
		site.Workers = min(site.Workers, c.MaxWorkers)
	}
	var out Outcome
	synctest.Test(t, func(t *testing.T) { out = Crawl(t.Context(), c, keys, site, nil) })
	row := Row{Situation: s.Name, Crawler: c.Name, Polite: c.Polite, Workers: site.Workers}
	if out.Err != nil {
		row.Failed = out.Err.Error()
		return row, nil
	}
	row.Measures = hostlog.Measure(&site.Site, site.Rules(), out.Log)
	row.Peak = hostlog.Peak(&site.Site, out.Log)
	if s.Name == Situations()[0].Name {
		hosts := make([]uint32, stripHosts)
		for i := range hosts {
			hosts[i] = uint32(i * len(site.Graph.Hosts) / stripHosts)
		}
		row.Strip = hostlog.Strip(&site.Site, site.Rules(), out.Log, hosts, stripColumns, StripTime)
	}
	for _, f := range hostlog.Verify(&site.Site, site.Rules(), out.Log, true) {
		row.Faults = append(row.Faults, f.String())
	}
	return row, nil
}
