// Package crash kills processes of a fleet, and the server that they share, during a crawl, and reports what that did
// to the crawl.
//
// A round is a crawl of a Frontier by real processes in which one process or the server dies at a moment drawn from a
// seed. A Round says which pages were never fetched, which were fetched again, how many of these the death does not
// excuse, whether the other processes reported the crawl as complete, and how long they took to continue. Rows add
// rounds up, as text or Markdown. Every wait has a limit, so that a crawl that never ends is a result.
//
// It runs in real time, because it tests processes, sockets and the files of the server.
package crash

import (
	"context"
	"time"

	"crawlbench/internal/crawl"
	"crawlbench/internal/graph"
)

// Frontier is a crawler for fleets whose crawls are interrupted.
type Frontier struct {
	Crawler crawl.Crawler
	// Name is the name of the crawler with the parameters of the test, such as a short lease.
	Name string
	// Lease is the time without a sign of life after which the pages of a process are given to others; 0 means never.
	Lease time.Duration
	// Held returns how many pages a process with a number of workers holds at most: these may be fetched again when it
	// dies.
	Held func(workers int) int
	// Loses says what is lost by a death if the frontier is not made to survive one; "" if nothing may be lost.
	Loses string
}

// Server is a server that can be killed.
type Server interface {
	URL() string
	Version() string
	// Kill ends the server as kill -9 does.
	Kill() error
	// Cut removes from the files of a killed server what it has written since a time, as if the machine had lost its
	// power before that reached the disk.
	Cut(since time.Time) error
	// Restart starts the killed server again, with its files and at its address.
	Restart(ctx context.Context) error
	// Close ends the server and removes its files.
	Close() error
}

// Kind is what dies in a round.
type Kind string

const (
	// Process is the death of one process of the fleet.
	Process Kind = "process"
	// Killed is the death of the server, as by kill -9: the operating system still writes what the server has written.
	Killed Kind = "server"
	// Power is the death of the server together with what it wrote to its append-only file within the last second,
	// which it promises to have on the disk only then.
	Power Kind = "server, power lost"
)

// Config configures the crawls of a test.
type Config struct {
	Graph              graph.Spec
	Processes, Workers int
	Latency            time.Duration
	// Down is how long a killed server stays down.
	Down time.Duration
	// Stall is the time without a fetch after which a crawl is given up. Limit is the time that a
	// crawl may take.
	Stall, Limit time.Duration
	Seed         uint64
	// Dir is an existing directory for logs, which the caller removes.
	Dir string
	// Again starts every other killed process again, as a supervisor does.
	Again bool
}

// Defaults are the settings of the command: some seconds of work for a fleet, with short leases.
func Defaults() Config {
	return Config{
		Graph: graph.Spec{Kind: "hosts", Pages: 5000, Seed: 1}, Processes: 4, Workers: 4, Latency: 5 * time.Millisecond,
		Down: 300 * time.Millisecond, Stall: 5 * time.Second, Limit: time.Minute, Seed: 1, Again: true,
	}
}

// Round is one crawl in which something died.
type Round struct {
	Frontier string
	Kind     Kind
	Number   int
	// Victim is the process that was killed, -1 for the server, and Restarted says that it was started again.
	Victim    int
	Restarted bool
	// Begun is how many fetches had begun at the death.
	Begun int
	// Ended says that each living process reported the end of the crawl, without an error.
	Ended bool
	// Failed are the errors of processes that were not killed.
	Failed []string
	Verdict
	// Took is how long the crawl took, until its end or until it was given up.
	Took time.Duration
}

// Right reports whether the crawl kept the promise of a frontier that survives deaths.
func (r Round) Right() bool {
	return r.Ended && r.Lost == 0 && r.Beyond == 0 && r.Early == 0 && r.Strange == 0
}
