package main

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"strconv"
	"strings"
)

// situation is a run of a right and unremarkable crawler. one and several are the causes that may be said of it with
// one worker and with several; any other is false.
type situation struct {
	what, crawler string
	workers       []int
	graph, fetch  string
	more          string // further keys of the scenario
	one, several  []string
}

// draws draws what differs between situations.
type draws struct{ *rand.Rand }

func (d draws) of(list ...string) string     { return list[d.IntN(len(list))] }
func (d draws) between(least, most int) int  { return least + d.IntN(most-least+1) }
func (d draws) workers(several ...int) []int { return []int{1, several[d.IntN(len(several))]} }
func (d draws) cpu(least, most int) string {
	return fmt.Sprintf("cpu = \"%dus\"\n", d.between(least, most))
}
func (d draws) uniform(least, most int) string {
	return fmt.Sprintf("kind = \"uniform\"\npages = %d\ndegree = %d\n", d.between(least, most), d.between(8, 14))
}

// wide returns a graph in which workers always find a page.
func (d draws) wide() string {
	switch d.IntN(3) {
	case 0:
		return fmt.Sprintf("kind = \"rmat\"\nscale = %d\ndegree = %d\n", d.between(10, 12), d.between(8, 16))
	case 1:
		return fmt.Sprintf("kind = \"hosts\"\npages = %d\n", d.between(1500, 4000))
	}
	return d.uniform(1000, 4000)
}

// situationOf returns the situation with number n: of each kind in turn, with details that are drawn from n. Number 0
// has a cause that is not on its list, and must be found.
func situationOf(n int) situation {
	if n == 0 {
		return situation{what: "a lock that is held for long, not on the list", crawler: "hotmutex",
			workers: []int{1, 8}, graph: "kind = \"hosts\"\npages = 2000\n"}
	}
	kinds := []func(draws) situation{computing, twin, computing, waiting, computing, twin, limited, computing, crowded,
		twin, computing, alone, narrow}
	return kinds[n%len(kinds)](draws{rand.New(rand.NewPCG(uint64(n), 15))})
}

// scenario returns the scenario of the situation with number n.
func (s situation) scenario(n int) string {
	var workers []string
	for _, w := range s.workers {
		workers = append(workers, strconv.Itoa(w))
	}
	growth := ""
	if s.workers[0] == 1 {
		growth = "growth = [1]\n"
	}
	return fmt.Sprintf(`doc = "situation %d: %s"
crawlers = [%q]
workers = [%s]
rounds = 6
sample = "60ms"
control = false
seed = %d
%s[fetch]
%s[[graph]]
name = "g"
%s[profiles]
kinds = ["cpu", "wall"]
length = "300ms"
%s`, n, s.what, s.crawler, strings.Join(workers, ", "), n, s.more, s.fetch, s.graph, growth)
}

// computing is a crawler whose pages cost so much processor time that nobody contends for what is shared.
func computing(d draws) situation {
	s := situation{what: "pages that cost processor time", workers: d.workers(2, 3, 4, 8, 16), graph: d.wide(),
		fetch: d.cpu(20, 50), crawler: d.of("mutexmap", "rwmutexmap", "syncmap", "sharded", "xsync", "cas", "chunked",
			"readahead", "stealing", "owner", "ownerbatch", "spawn", "pipeline")}
	return s.queueing()
}

// queueing allows to say that there are more workers than processors, if it is so.
func (s situation) queueing() situation {
	if slices.Max(s.workers) > runtime.NumCPU() {
		s.several = append(s.several, "processor-bound")
	}
	return s
}

// twin is a crawler that differs from a planted one in not having the cause.
func twin(d draws) situation {
	s := situation{what: "a twin of a planted cause", workers: d.workers(2, 4, 8), graph: d.wide(),
		fetch: d.cpu(20, 40), crawler: d.of("readers.not", "hotcounter.not", "falseshare.not", "logging.not",
			"syscalls.not", "allocates.not", "smallchan.not", "heldacross.not", "gosched.not")}
	switch s.crawler {
	case "heldacross.not": // it sleeps for each page
		s.graph = d.uniform(200, 400)
		s.one, s.several = []string{"sleeping"}, []string{"sleeping"}
	case "gosched.not": // it holds its lock while it computes
		s.several = []string{"contended lock"}
	}
	return s.queueing()
}

// waiting is a crawler that waits for pages.
func waiting(d draws) situation {
	fetch := fmt.Sprintf("median = \"%dus\"\n", d.between(1000, 2000))
	switch d.IntN(3) {
	case 0:
		fetch += "latency = \"constant\"\n"
	case 1:
		fetch += fmt.Sprintf("latency = \"lognormal\"\nsigma = 0.%d\n", d.between(2, 5))
	case 2:
		fetch += "latency = \"per-host\"\nsigma = 0.3\nhost_sigma = 0.3\n"
	}
	return situation{what: "pages that take a while to arrive", workers: []int{1, 2, 4 << d.IntN(2)},
		graph: d.uniform(120, 200), fetch: fetch,
		crawler: d.of("mutexmap", "syncmap", "sharded", "cas", "chunked", "owner", "spawn", "pipeline"),
		one:     []string{"latency-bound"}, several: []string{"latency-bound"}}
}

// limited is a crawler that waits for its limiter.
func limited(d draws) situation {
	return situation{what: "a rate", workers: d.workers(2, 4, 8), graph: d.uniform(300, 600),
		more:    fmt.Sprintf("rate = [%d]\nlimiter = [%q]\n", d.between(500, 4000), d.of("bucket", "gcra", "paced")),
		crawler: d.of("mutexmap", "sharded", "cas", "chunked", "owner", "spawn", "pipeline"),
		one:     []string{"rate-limited"}, several: []string{"rate-limited"}}
}

// crowded is a crawler with so many workers that processors are busy although all workers wait for pages as well.
func crowded(d draws) situation {
	s := situation{what: "busy processors beside latency", workers: []int{16 * runtime.NumCPU()},
		graph:   d.uniform(2000, 3000),
		fetch:   fmt.Sprintf("latency = \"constant\"\nmedian = \"1ms\"\ncpu = \"%dus\"\n", d.between(95, 115)),
		crawler: d.of("mutexmap", "sharded", "cas", "chunked")}
	return s.queueing()
}

// alone is the sequential crawler.
func alone(d draws) situation {
	return situation{what: "one worker", crawler: "sequential", workers: []int{1}, graph: d.wide(), fetch: d.cpu(2, 10)}
}

// narrow is a crawler on a site that offers one page at a time.
func narrow(d draws) situation {
	return situation{what: "a site of one page at a time", workers: d.workers(2, 4, 8),
		graph: fmt.Sprintf("kind = \"chain\"\npages = %d\n", d.between(500, 1500)), fetch: d.cpu(20, 40),
		crawler: d.of("mutexmap", "cas", "chunked", "spawn"), several: []string{"narrow frontier"}}
}
