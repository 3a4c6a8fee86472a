// Package paper simulates fleets that are larger than one machine can run: how many pages per second they fetch, and
// what limits them.
//
// The input is a Model: what a page costs a process and the server, which is measured here (Costs), and assumptions
// about the web and the machines. The output is a Result per number of processes, as a table or as CSV. A row beyond
// the number of processes for which the model was compared with real crawls says that it is extrapolated.
//
// Time is virtual. A worker takes a host that has rested, fetches a page, which takes the latency, and then needs the
// processor of its process. A process calls the server when it has results for a batch, or after a while; it makes one
// call at a time, and its workers wait when two batches are without an answer. The server is one thread and answers
// calls in the order of their arrival. Every host always has pages, so that the result is the rate that a fleet
// sustains, not how a crawl begins and ends.
package paper

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"time"
)

// Costs are what a page costs with a frontier.
type Costs struct {
	// Frontier is the name of the crawler.
	Frontier string
	// Batch is the largest number of pages of a call.
	Batch int
	// Linger is the time after a call for which results gather before the next one, unless a batch is full before, or a
	// worker has nothing to do.
	Linger time.Duration
	// ClientPage and ClientCall are the processor times of a process per page and per call to the server. ClientWait is
	// what a page takes in addition if its fetch takes time, for timers and for waking up.
	ClientPage, ClientCall, ClientWait time.Duration
	// ServerPage and ServerCall are the same for the server. ServerWake is what a call takes in addition if the server
	// is idle when it comes, and must wake up.
	ServerPage, ServerCall, ServerWake time.Duration
	// Sharded says that each process has hosts of its own. Otherwise any process may fetch from any host.
	Sharded bool
	// Shards is the number of shards that the hosts are divided into.
	Shards int
	// Processes is the largest number of processes of the crawls that the model was compared with.
	Processes int
	// Source says where the costs come from.
	Source string
}

// call returns the cost of a call for a number of pages to the server.
func (c Costs) call(pages int) time.Duration { return c.ServerCall + time.Duration(pages)*c.ServerPage }

// Model is a fleet and the web that it crawls.
type Model struct {
	Costs
	Processes, Workers int // workers of each process
	Hosts              int
	// Median is the median latency of a fetch, and Sigma the standard deviation of its logarithm; 0 makes it constant.
	Median time.Duration
	Sigma  float64
	// Gap is the time for which a host rests after a fetch.
	Gap time.Duration
	// RoundTrip is the time of a call to the server, without the time that the server needs.
	RoundTrip time.Duration
	// Shared is the number of processors that all processes and the server share. 0 means that the server and each
	// process have one of their own.
	Shared int
	// WarmUp is the virtual time after which the measurement begins, and Window how long it lasts.
	WarmUp, Window time.Duration
	Seed           uint64

	latency func(*rand.Rand) time.Duration // of tests
	unbound bool                           // the server answers all calls at once: a wrong twin for tests
}

// Result is the result of a simulation.
type Result struct {
	Processes int
	// Rate is the number of pages per second.
	Rate float64
	// Binds is what limits the rate.
	Binds Limit
	// Server and Client are the shares of the time in which the server, and the processors of the processes, are busy.
	Server, Client float64
	// Batch is the mean number of pages of a call, Wait the mean time until the server begins with it, and Woken the
	// share of calls for which the server must wake up.
	Batch float64
	Wait  time.Duration
	Woken float64
	// Imbalance is the number of hosts of the process with the most, divided by the mean.
	Imbalance float64
	// Ready is the mean share of hosts that are ready and not being fetched from.
	Ready float64
	// Polite and Misplaced are the mean shares of workers that have nothing to do: because every host rests, or because
	// the hosts that do not rest belong to other processes. Blocked is the mean share of workers that wait for an
	// answer.
	Polite, Misplaced, Blocked float64
	// Extrapolated says that the model was never compared with a crawl of as many processes.
	Extrapolated bool
}

// Limit is what limits a fleet.
type Limit string

// The limits, and when a Result has them.
const (
	Processors Limit = "processors" // those of the processes are busy for 95 % of the time
	Server     Limit = "server"     // more than 5 % of the workers wait for an answer, and it is busy for 95 %
	Calls      Limit = "calls"      // more than 5 % of the workers wait for an answer, and the server is not that busy
	Politeness Limit = "politeness" // more than 5 % of the workers have nothing to do, mostly since all hosts rest
	Shards     Limit = "shards"     // as many have nothing to do, mostly since ready hosts are of other processes
	Workers    Limit = "workers"    // none of these: more workers would fetch more
)

// busy is the share above which something is a limit. A server that is always busy is no limit as long as waiting calls
// carry more pages, so that no worker waits for their answers.
const busy = 0.95

// limit returns what limits a result.
func (r Result) limit() Limit {
	switch {
	case r.Client >= busy:
		return Processors
	case r.Blocked > 1-busy && r.Server >= busy:
		return Server
	case r.Blocked > 1-busy:
		return Calls
	case r.Polite+r.Misplaced <= 1-busy:
		return Workers
	case r.Misplaced > r.Polite:
		return Shards
	}
	return Politeness
}

// Check returns what is wrong with a model.
func (m Model) Check() error {
	switch {
	case m.Processes < 1 || m.Workers < 1 || m.Processes*m.Workers > 10_000_000:
		return fmt.Errorf("%d processes of %d workers: want at least 1 of each, and 10,000,000 workers at most",
			m.Processes, m.Workers)
	case m.Hosts < 1 || m.Hosts > 100_000_000:
		return fmt.Errorf("%d hosts: want 1 to 100,000,000", m.Hosts)
	case m.Costs.Batch < 1 || m.Sharded && m.Shards < 1:
		return fmt.Errorf("batches of %d and %d shards: want at least 1", m.Costs.Batch, m.Shards)
	case m.Median < 0 || m.Sigma < 0 || m.Gap < 0 || m.RoundTrip < 0 || m.Linger < 0 ||
		min(m.ClientPage, m.ClientCall, m.ClientWait, m.ServerPage, m.ServerCall, m.ServerWake) < 0 || m.WarmUp < 0:
		return errors.New("negative time: want at least 0")
	case m.Window <= 0:
		return errors.New("no time to measure: want a window above 0")
	case m.Median == 0 && m.latency == nil && m.ClientPage == 0 && m.Gap == 0:
		return errors.New("a page takes no time: want a latency, a gap or a cost")
	}
	return nil
}
