package plan

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"crawlbench/internal/graph"
)

// note is what the reference says about a key: its value there, and what it is for. The value is the default, or an
// example of a key without one, which is printed as a comment.
type note struct {
	value, doc string
	example    bool
}

// notes returns the notes by the full name of the key. A test checks that each key has one, and that a value that is
// not an example is the default.
func notes() map[string]note {
	return map[string]note{
		"doc":                 {`""`, "what the scenario shows, in a sentence", false},
		"crawlers":            {`["*"]`, "crawlers in order; \"crawlbench list crawlers\" lists them", false},
		"baseline":            {`"mutexmap"`, "the crawler that the others are compared with; the first one if not given", true},
		"control":             {`true`, "measures the baseline twice, as the A/A control", false},
		"keys":                {`["id"]`, "what names a page: a dense number, or its URL", false},
		"transport":           {`["memory"]`, "how pages come to the crawler; http: from a site in a process of its own, as HTML, by URL only", false},
		"workers":             {`[1, "1x", "2x", "4x"]`, "fetches in flight", false},
		"rate":                {`["inf"]`, "limit of the fetches, in pages/s", false},
		"burst":               {`[0]`, "bucket size of the limiter, in pages", false},
		"limiter":             {`["paced"]`, "the limiters; \"crawlbench list limiters\" describes them", true},
		"cost":                {`["none", "latency 1ms cpu 10us"]`, "what every fetch costs, instead of [fetch]", true},
		"processes":           {`[1, 2, 4]`, "processes that share a crawl, or a limit, or both; crawlers and limiters that are not made for fleets are measured with 1 only", true},
		"gomaxprocs":          {`["1x"]`, "processors that the Go runtime uses", false},
		"rounds":              {`10`, "largest number of samples of a cell", false},
		"rate_limited_rounds": {`4`, "largest number of samples of a cell with a rate, if there are others too", false},
		"stop":                {`true`, "a crawler leaves the run when all its comparisons are settled", false},
		"sample":              {`"150ms"`, "least length of a sample in a fresh process; shorter crawls are repeated", false},
		"turns":               {`6`, "turns of each crawler in a block, whose processes stay alive; 0: each sample is a fresh process", false},
		"slice":               {`"5ms"`, "least length of the crawls of a turn that count", false},
		"slices":              {`"fixed"`, "auto: turns and slice are chosen for this machine, by 12 s of measuring before the run", false},
		"rest":                {`"2s"`, "least time between two blocks of the same cells", false},
		"deadline":            {`"30s"`, "time after which a sample counts as hanging", false},
		"memory":              {`"2GiB"`, "limit of a child process; the free memory if not given", true},
		"seed":                {`1`, "determines the order of the cells, and graphs and site without a seed of their own", false},

		"simulated": {`false`, "crawls in virtual time: exact, hours take seconds, nothing is measured; needs [politeness]", false},

		"fetch.latency":      {`"lognormal"`, "how long a fetch waits: zero (default), constant, lognormal, per-host, or recorded, which replays times and failures of an imported graph", true},
		"fetch.median":       {`"20ms"`, "median of the wait, up to 10s; not for zero; recorded times are scaled to it if given", true},
		"fetch.sigma":        {`0.5`, "standard deviation of its logarithm, 0 to 3; for lognormal and per-host", true},
		"fetch.host_sigma":   {`0.3`, "the same for the medians of hosts, 0 to 3; for per-host", true},
		"fetch.cpu":          {`"0s"`, "processor time of a fetch, as for parsing, up to 1s", false},
		"fetch.fail":         {`0`, "share of pages whose fetch fails, 0 to 1", false},
		"fetch.largest":      {`"10s"`, "how long a fetch of the host with the most pages waits, up to 10s; like the others if not given", true},
		"fetch.host_fail":    {`0`, "share of hosts whose fetches all fail, 0 to 1", false},
		"fetch.refuse":       {`0`, "share of pages whose first fetch is answered with status 429 or 503", false},
		"fetch.retry_after":  {`"0s"`, "the Retry-After of these answers, up to 1h; whole seconds over HTTP", false},
		"fetch.forbid":       {`0`, "share of pages that robots.txt forbids", false},
		"fetch.robots_delay": {`"0s"`, "Crawl-delay in the robots.txt of each host, up to 1h", false},
		"fetch.seed":         {`1`, "determines the site; the scenario's if not given", true},

		"politeness.gap":         {`"0s"`, "least time between two fetches of a host", false},
		"politeness.from":        {`"end"`, "what the gap is measured from: the end of a fetch, or its start", false},
		"politeness.per_host":    {`1`, "largest number of fetches in flight at a host", false},
		"politeness.robots":      {`false`, "asks for robots.txt before the first page of a host", false},
		"politeness.crawl_delay": {`false`, "keeps the Crawl-delay of robots.txt, if it is longer than the gap", false},
		"politeness.max_delay":   {`"5m0s"`, "longest pause that a host can ask for", false},
		"politeness.attempts":    {`3`, "largest number of fetches of a page that is refused", false},

		"graph[0].name":      {`"rmat10"`, "part of the names of benchmarks", false},
		"graph[0].kind":      {`"rmat"`, "one of the kinds above", false},
		"graph[0].scale":     {`10`, "binary logarithm of the number of pages", false},
		"graph[0].pages":     {`1000`, "number of pages", true},
		"graph[0].degree":    {`16`, "mean number of links of a page", true},
		"graph[0].hosts":     {`10`, "number of hosts, 1 to 16777216; one for every 100 pages if not given", true},
		"graph[0].copy":      {`0.9`, "share of links that are copied", true},
		"graph[0].intra":     {`0.85`, "share of further links that stay in the host", true},
		"graph[0].chain":     {`0.15`, "share of hosts that are chains of listings", true},
		"graph[0].symmetric": {`true`, "every link also leads back", true},
		"graph[0].seed":      {`1`, "determines the graph; the scenario's if not given", true},
		"graph[0].start":     {`0`, "page from which crawls start, for a file its number there", true},
		"graph[0].file":      {`"web.txt"`, "path, relative to the scenario; $NAME is an environment variable", true},

		"graph[0].doc":     {`"a web"`, "what the graph shows, in a sentence", true},
		"graph[0].workers": {`[16]`, "fetches in flight on this graph, in place of the workers above", true},
		"graph[0].fetch":   {`{ median = "20ms" }`, "keys of [fetch] that are different on this graph", true},

		"profiles.kinds":    {`["cpu", "block", "mutex", "wall"]`, "profiles to take, in separate passes", false},
		"profiles.crawlers": {`["mutexmap"]`, "crawlers to profile; all if not given", true},
		"profiles.graphs":   {`["rmat10"]`, "graphs to profile; all if not given", true},
		"profiles.keys":     {`["id"]`, "kinds of keys to profile; all if not given", true},
		"profiles.workers":  {`["4x"]`, "counts to profile; the largest if not given", true},
		"profiles.rate":     {`["inf"]`, "rates to profile; the largest if not given", true},
		"profiles.growth":   {`[1, "1x"]`, "further counts for the CPU profile and the trace: where time grows with the workers", true},
		"profiles.length":   {`"1s"`, "length of the crawls of a pass", false},
	}
}

// everything is a scenario with each table.
const everything = `crawlers = ["*"]
[fetch]
[politeness]
[[graph]]
name = "rmat10"
kind = "rmat"
scale = 10
[profiles]
kinds = ["cpu"]
`

// visitTables calls visit for each table of a scenario, with the prefix of its keys in messages.
func visitTables(visit func(prefix string, keys []key)) {
	values, root, wrong := read("reference.toml", []byte(everything))
	if wrong != nil {
		panic(wrong) // a constant
	}
	var calls []func() // made after reading, because a visitor may try values
	r := &reader{file: "reference.toml", visit: func(prefix string, keys []key) {
		calls = append(calls, func() { visit(prefix, keys) })
	}}
	r.scenario(defaults(), root, values)
	for _, call := range calls {
		call()
	}
}

// Reference returns a scenario with every key, its default, and what it may be, as the parser says it.
func Reference() string {
	var text strings.Builder
	text.WriteString("# Every key of a scenario, with its default. A key without a default is a comment with an example.\n" +
		"# A scenario needs one graph; all else may be left out. Measure it with: crawlbench run FILE.toml\n")
	all := notes()
	visitTables(func(prefix string, keys []key) {
		switch prefix {
		case "":
		case "graph[0].":
			fmt.Fprintf(&text, "\n# One table for each graph. Kinds, and their parameters:\n%s[[graph]]\n", kindsOfGraphs())
		default:
			fmt.Fprintf(&text, "\n[%s]\n", strings.TrimSuffix(prefix, "."))
		}
		for _, k := range keys {
			if isTable(k.name) && prefix == "" {
				continue
			}
			n, comment := all[prefix+k.name], ""
			if n.value == "" || n.example {
				comment = "# "
			}
			want := expects(k)
			if prefix == "fetch." || prefix == "graph[0]." { // whose bounds depend on other keys: the note says them
				want, _, _ = strings.Cut(want, ", between ")
			}
			fmt.Fprintf(&text, "\n# %s\n# %s\n%s%s = %s\n", n.doc, want, comment, k.name, n.value)
		}
	})
	return text.String()
}

func isTable(name string) bool {
	return slices.Contains([]string{"fetch", "graph", "politeness", "profiles"}, name)
}

// expects returns which values a key takes: the words of the errors that invalid values cause.
func expects(k key) string {
	complain := func(v any) string {
		r := &reader{}
		k.set(r, &place{elements: []*place{{}}}, k.name, v)
		if len(r.errs) == 0 {
			return ""
		}
		return r.errs[0].Msg
	}
	type nothing struct{} // no key takes it
	want, _, _ := strings.Cut(strings.TrimPrefix(complain(nothing{}), "want "), ", have ")
	for _, v := range []any{int64(math.MinInt64), "1000000h", "?"} {
		msg := complain(v)
		if bounds, ok := strings.CutPrefix(msg, "must lie "); ok {
			want += ", " + bounds
			break
		}
		if _, specific, ok := strings.Cut(msg, ": want "); ok {
			want = specific
		}
	}
	if complain([]any{nothing{}}) != complain(nothing{}) && strings.HasPrefix(complain([]any{}), "the list is empty") {
		want += "; or a list of them"
	}
	return want
}

// kindsOfGraphs describes the kinds of graphs in comments.
func kindsOfGraphs() string {
	var text strings.Builder
	for _, k := range graph.Kinds() {
		var parameters []string
		for _, p := range k.Params {
			parameters = append(parameters, p.Name+bounds(p))
		}
		fmt.Fprintf(&text, "#   %-8s  %s\n#             %s\n", k.Name, k.Doc, strings.Join(parameters, ", "))
	}
	return text.String()
}

// bounds describes the values of a parameter, in parentheses; "" if its key says all.
func bounds(p graph.Param) string {
	switch {
	case p.Required && p.Max > 0:
		return fmt.Sprintf(" (%.12g to %.12g, required)", p.Min, p.Max)
	case p.Required:
		return " (required)"
	case p.Default > 0:
		return fmt.Sprintf(" (%.12g to %.12g, default %.12g)", p.Min, p.Max, p.Default)
	}
	return ""
}
