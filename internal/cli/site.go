package cli

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"

	"crawlbench/internal/crawl"
	"crawlbench/internal/graph"
	"crawlbench/internal/host"
	"crawlbench/internal/host/child"
	"crawlbench/internal/measure"
	"crawlbench/internal/plain"
	"crawlbench/internal/plain/screen"
	"crawlbench/internal/plan"
	"crawlbench/internal/rundir"
	"crawlbench/internal/web/server"
)

// siteFlags are the flags of site.
type siteFlags struct {
	graph, out, listen, seed           string
	idle, gap, crawlDelay, slow, after time.Duration
	perHost, workers                   int
	fromStart                          bool
	recorded                           recorded
	shares                             server.Shares
}

// site serves a graph of a scenario as web sites, and prints a verdict on how they were crawled.
func (a *app) site(ctx context.Context, fs *flag.FlagSet, args []string) error {
	f := siteFlags{shares: server.DefaultShares()}
	fs.StringVar(&f.graph, "graph", "", "serve the graph in this `file`, in place of the scenario's; KIND:FILE if the "+
		"name does not tell the kind (see \"crawlbench list graphs\")")
	f.recorded.add(fs)
	fs.StringVar(&f.out, "o", "", "write the verdict as JSON into this `file`")
	fs.StringVar(&f.listen, "listen", "127.0.0.1:0",
		"`address` to listen on; other machines can reach the site unless it is on 127.0.0.1")
	fs.StringVar(&f.seed, "seed", "", "random `seed`, in place of the scenario's")
	fs.DurationVar(&f.idle, "idle", 0,
		"end, and end the command, when no request has come for this `time` plus the longest pause that the site asks "+
			"for; without a command, the time counts from the first request")
	fs.DurationVar(&f.gap, "gap", 0, "verify that at least this `time` passes from the end of a request to the next one of the same host")
	fs.BoolVar(&f.fromStart, "from-start", false, "measure -gap from the start of a request instead of its end")
	fs.DurationVar(&f.crawlDelay, "crawl-delay", 0,
		"set Crawl-delay in robots.txt to this `time`, and verify it like -gap for the hosts whose robots.txt was read")
	fs.IntVar(&f.perHost, "per-host", 0, "verify that at most this `number` of requests are in flight at a host "+
		"(1 with -gap or -crawl-delay if not given)")
	fs.IntVar(&f.workers, "workers", 0, "verify that no more than this `number` of requests are in flight")
	fs.DurationVar(&f.after, "retry-after", time.Second, "`time` in Retry-After of refusals, in whole seconds")
	fs.DurationVar(&f.slow, "slow-body", 100*time.Millisecond, "`time` in which the body of a slow page arrives")
	fs.Func("set", "`shares` of what occurs on the site, such as redirects=0.1,slow=0.05; see below", f.shares.Set)
	var command []string
	if i := slices.Index(args, "--"); i >= 0 {
		args, command = args[:i], args[i+1:]
		if len(command) == 0 {
			return usagef("site: no command after --: name the program that crawls, or omit --")
		}
	}
	positional, err := parse(fs, args, 0, 2)
	if err != nil {
		return err
	}
	s, g, err := siteGraph(positional, f)
	if err != nil {
		return err
	}
	if err := f.checkOut(append(positional, g.Spec.File)...); err != nil {
		return err
	}
	site, err := f.build(ctx, s, g)
	if err != nil {
		return err
	}
	return a.serveSite(ctx, site, f, command)
}

// checkOut returns an error if the verdict could not be written when the crawl has ended.
func (f *siteFlags) checkOut(inputs ...string) error {
	if f.out == "" {
		return nil
	}
	if info, err := os.Stat(f.out); err == nil && info.IsDir() {
		return usagef("site: invalid -o %q: it is a directory: want the name of a file", f.out)
	}
	if err := writable(f.out, inputs...); err != nil {
		return fmt.Errorf("site: -o: %w", err)
	}
	return nil
}

// siteGraph returns the scenario and its graph that the arguments name.
func siteGraph(args []string, f siteFlags) (*plan.Scenario, plan.Graph, error) {
	if f.graph != "" && len(args) > 1 {
		return nil, plan.Graph{}, usagef("site: -graph replaces the graph %q: name one of the two", args[1])
	}
	var graphs fileList
	if f.graph != "" {
		graphs = fileList{f.graph}
	}
	s, err := load(append(args, "")[0], graphs)
	if err != nil {
		return nil, plan.Graph{}, err
	}
	f.recorded.apply(s)
	if f.seed != "" {
		seed, err := plan.ParseSeed(f.seed)
		if err != nil {
			return nil, plan.Graph{}, usagef("site: -seed: %w", err)
		}
		s.Reseed(seed)
	}
	for _, g := range s.Graphs {
		if len(args) > 1 && g.Name == args[1] || len(args) < 2 && len(s.Graphs) == 1 {
			return s, g, nil
		}
	}
	if len(args) < 2 {
		return nil, plan.Graph{}, usagef("site: scenario %s has several graphs: name one of %s after it", s.Name,
			strings.Join(graphNames(s), ", "))
	}
	return nil, plan.Graph{}, noGraph("site", s, args[1])
}

// build returns the site of a graph.
func (f *siteFlags) build(ctx context.Context, s *plan.Scenario, sg plan.Graph) (*server.Site, error) {
	set := server.Settings{
		Seed: s.Seed, Shares: f.shares, Workers: f.workers,
		CrawlDelay: f.crawlDelay, RetryAfter: f.after, SlowBody: f.slow,
	}
	switch {
	case f.gap < 0:
		return nil, usagef("site: invalid -gap %v: want 0 or more", f.gap)
	case f.idle < 0:
		return nil, usagef("site: invalid -idle %v: want 0 or more", f.idle)
	case f.perHost < 0:
		return nil, usagef("site: invalid -per-host %d: want 0 or more", f.perHost)
	}
	if f.gap > 0 || f.crawlDelay > 0 || f.perHost > 0 {
		set.Policy = &crawl.Politeness{
			Gap: f.gap, FromStart: f.fromStart, PerHost: f.perHost, CrawlDelay: f.crawlDelay > 0,
		}
		set.Tolerance = tolerance(max(f.gap, f.crawlDelay))
	}
	g, err := graph.Build(ctx, sg.Spec, host.FreeMemory())
	if err != nil {
		return nil, err
	}
	b := s.BehaviourOf(sg.Name)
	if err := measure.CheckRecorded(b, g); err != nil {
		return nil, fmt.Errorf("site: graph %s: %w", sg.Name, err)
	}
	set.Refuses, set.Forbids = b.Refusing(), b.Forbidding(g)
	set.CrawlDelay = cmp.Or(set.CrawlDelay, b.RobotsDelay)
	if b.RetryAfter > set.RetryAfter {
		set.RetryAfter = b.RetryAfter.Round(time.Second)
	}
	return server.New(g, b.On(g), set)
}

// tolerance returns how much too early a request may come where a gap is to be kept: clocks, timers and sockets of two
// processes differ by up to 20 ms on a busy machine.
func tolerance(gap time.Duration) time.Duration {
	return min(max(gap/10, 20*time.Millisecond), gap/2)
}

// serveSite serves a site until the crawl ends, and prints the verdict.
func (a *app) serveSite(ctx context.Context, site *server.Site, f siteFlags, command []string) error {
	ln, open, err := server.Listen(f.listen)
	if err != nil {
		return fmt.Errorf("%w: choose another address with -listen", err)
	}
	if open {
		fmt.Fprintf(a.err, "warning: other machines can reach %s and read the pages of the graph\n", ln.Addr())
	}
	serving, stop := context.WithCancel(context.WithoutCancel(ctx))
	served := make(chan error, 1)
	go func() { served <- site.Serve(serving, ln) }()
	proxy := "http://" + proxyAddress(ln.Addr())
	if command == nil {
		a.pointTo(site.SeedURL(), proxy)
	}
	var ended string
	switch {
	case command != nil:
		ended, err = a.crawlBy(ctx, command, proxy, site, f.quiet())
	case f.idle > 0:
		site.WaitIdle(ctx, time.Time{}, f.quiet())
	default:
		<-ctx.Done()
	}
	stop()
	if err := errors.Join(err, <-served); err != nil {
		return err
	}
	v := site.Verdict()
	if v.Requests == 0 && ctx.Err() != nil {
		return exitError{exitInterrupted, errors.New("site: no request came")}
	}
	a.printVerdict(v, ended)
	if f.out != "" {
		if err := writeVerdict(f.out, v); err != nil {
			return fmt.Errorf("site: write the verdict: %w", err)
		}
	}
	if !v.OK {
		return exitError{code: exitCrawlFailed}
	}
	return nil
}

// proxyAddress returns the address at which programs on this machine reach a listener.
func proxyAddress(addr net.Addr) string {
	tcp := addr.(*net.TCPAddr)
	if tcp.IP.IsUnspecified() {
		return fmt.Sprintf("127.0.0.1:%d", tcp.Port)
	}
	return tcp.String()
}

// pointTo prints the URL of the first page, and how a crawler finds it.
func (a *app) pointTo(seed, proxy string) {
	fmt.Fprintf(a.out, "%s\n", seed)
	if a.quiet {
		return
	}
	fmt.Fprintf(a.out, "All hosts are served at %s, as by a proxy:\n", proxy)
	fmt.Fprintf(a.out, "  http_proxy=%s wget2 -r -l 0 -H -q --delete-after %s\n", proxy, seed)
	fmt.Fprintf(a.out, "  curl -x %s %s (^C ends the site and prints the verdict)\n", proxy, seed)
}

// endTime is how long a command may take to end after it was interrupted.
const endTime = 5 * time.Second

// crawlBy runs a command that crawls, and returns how it ended if it failed. If quiet is above 0, it is ended when no
// request has come for that time.
func (a *app) crawlBy(ctx context.Context, command []string, proxy string, site *server.Site, quiet time.Duration,
) (ended string, err error) {
	ctx, end := context.WithCancelCause(ctx)
	defer end(nil)
	cmd := exec.Command(command[0], command[1:]...)
	cmd.Env = append(os.Environ(), "http_proxy="+proxy, "HTTP_PROXY="+proxy, "no_proxy=", "NO_PROXY=",
		"CRAWLBENCH_SEED="+site.SeedURL())
	cmd.Stdout, cmd.Stderr = a.rawErr, a.rawErr // the output of the command is the verdict
	idle := fmt.Errorf("it was ended, as no request came for %v", quiet)
	if quiet > 0 {
		go func() {
			if site.WaitIdle(ctx, time.Now(), quiet) == nil {
				end(idle)
			}
		}()
	}
	err = child.RunGroup(ctx, cmd, endTime)
	switch exit, ok := errors.AsType[*exec.ExitError](err); {
	case err == nil:
		return "", nil
	case context.Cause(ctx) == idle:
		return fmt.Sprintf("%s: %v", command[0], idle), nil
	case ok:
		return fmt.Sprintf("%s: %v", command[0], exit), nil
	case ctx.Err() != nil, errors.Is(err, exec.ErrWaitDelay):
		return fmt.Sprintf("%s: %v", command[0], err), nil
	}
	return "", fmt.Errorf("site: %w", err)
}

// writeVerdict writes a verdict as JSON.
func writeVerdict(file string, v server.Verdict) error {
	text, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	return rundir.Replace(file, 0o644, true, func(w io.Writer) error {
		_, err := w.Write(append(text, '\n'))
		return err
	})
}

// printVerdict prints a verdict, and how the crawler ended if it failed.
func (a *app) printVerdict(v server.Verdict, ended string) {
	count, word := plain.Count, "verified"
	if !v.OK {
		word = "failed"
	}
	fmt.Fprintf(a.out, "%s: found %s of %s in %s\n", word, plain.Number(v.Found), count(v.Pages, "page"),
		seconds(v.Took))
	for _, s := range []struct {
		what string
		some server.Some
	}{
		{"missed", v.Missed}, {"fetched twice", v.Twice}, {"asked for, and not on the site", v.Unknown},
		{"asked for without a link", v.Unlinked}, {"asked for, and forbidden by robots.txt", v.Forbidden},
	} {
		if s.some.Count > 0 {
			more := ""
			if s.some.Count > len(s.some.First) {
				more = ", ..."
			}
			fmt.Fprintf(a.out, "  %s %s: %s%s\n", plain.Number(s.some.Count), s.what,
				strings.Join(s.some.First, ", "), more)
		}
	}
	for _, l := range v.Links {
		base := ""
		if l.Base != "" {
			base = " with the base " + l.Base
		}
		fmt.Fprintf(a.out, "  %s is linked from %s%s: %s\n", l.To, l.From, base, plain.Line(l.Tag))
	}
	for _, fault := range v.Faults {
		fmt.Fprintf(a.out, "  %s\n", fault)
	}
	if v.Invalid > 0 {
		fmt.Fprintf(a.out, "  not valid HTTP/1.1: %s\n", count(v.Invalid, "request"))
	}
	if ended != "" {
		fmt.Fprintf(a.out, "  %s\n", ended)
	}
	fmt.Fprintf(a.out, "%s to %s: %s, %s, %s, %s robots.txt, %s other\n", count(v.Requests, "request"),
		count(v.Hosts, "host"), count(v.Served, "page"), count(v.Redirects, "redirect"), count(v.Refused, "refusal"),
		plain.Number(v.Robots), plain.Number(v.Requests-v.Served-v.Redirects-v.Refused-v.Robots))
	fmt.Fprintf(a.out, "in flight: %d at most, %d at a host\n", v.InFlight, v.AtHost)
	if v.GapHost != "" {
		fmt.Fprintf(a.out, "least gap at a host: %s from an answer to the next request (%s), %s between requests\n",
			seconds(v.Gap.Round(time.Microsecond)), v.GapHost, seconds(v.Interval.Round(time.Microsecond)))
	}
}

// helpOnSites returns what the flags of site do not say.
func helpOnSites(s screen.Screen) string {
	var b strings.Builder
	s.Paragraph(&b, "", "With a command after --, the command crawls, and the verdict follows when it ends. Its "+
		"environment has http_proxy, the address of the site, and CRAWLBENCH_SEED, the URL of the first page. Without one, "+
		"the site is served until ^C, or as -idle says. The exit code is 4 if the crawl fails verification.")
	b.WriteByte('\n')
	s.Paragraph(&b, "", "A signal that ends this program, such as that of ^C, goes to the command and to the processes "+
		"that it started; those that have not ended after "+endTime.String()+", or at a second ^C, are killed. The "+
		"command can write to the terminal but not read from it: its standard input is empty.")
	b.WriteByte('\n')
	s.Title(&b, "shares for -set, from 0 to 1:")
	defaults := server.DefaultShares()
	var rows [][]string
	for _, f := range defaults.Fields() {
		rows = append(rows, []string{f.Name, fmt.Sprintf("%s (default %g)", f.Doc, *f.Value)})
	}
	s.List(&b, rows)
	b.WriteByte('\n')
	s.Paragraph(&b, "", "Those with a default above 0 do not change which pages have to be found. Links with "+
		"rel=nofollow repeat other links, so both following and skipping them is right.")
	return b.String()
}

// quiet returns the time without requests after which a crawl has ended, 0 if that cannot be told.
func (f *siteFlags) quiet() time.Duration {
	if f.idle == 0 {
		return 0
	}
	return f.idle + f.longestPause()
}

// longestPause returns how long the site asks crawlers to wait.
func (f *siteFlags) longestPause() time.Duration {
	pause := max(f.gap, f.crawlDelay)
	if f.shares.Refusals > 0 {
		pause = max(pause, f.after)
	}
	return pause
}

// seconds formats a time as seconds, or as milliseconds if it is short.
func seconds(d time.Duration) string {
	if d == 0 {
		return "0"
	}
	if d < 100*time.Millisecond {
		return fmt.Sprintf("%.3g ms", 1e3*d.Seconds())
	}
	return fmt.Sprintf("%.1f s", d.Seconds())
}
