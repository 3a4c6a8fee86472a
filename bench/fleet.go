package bench

import (
	"context"
	"os"
	"time"

	"crawlbench/internal/cli"
)

// Fleet describes the processes that share a crawl, or a limit, or both, and says which of them this one is. Each
// process has its own workers, and they start together. A crawler that is made for fleets sets Crawler.Fleet, a limiter
// LimiterKind.Fleet. The processes usually share their state over a server, which a Program can start.
//
// The contract is the same as for any other crawler, but it holds for all processes together: each page that can be
// reached is fetched exactly once by one of them, and at most Options.MaxPages pages by all. Options.Workers holds for
// each process, and Result is what this process did. A call of the crawler returns when the crawl of the whole fleet
// has ended.
type Fleet = struct {
	// Index is the number of this process, from 0, and Processes is how many there are, at least 1.
	Index, Processes int
	// Server is the URL of the server that they share, such as redis://127.0.0.1:6379 or unix:///path; "" if they
	// share none.
	Server string
	// Name is the prefix of all keys of this crawl at the server. No two crawls have the same.
	Name string
}

// LimiterKind describes a kind of rate limiter. Name matches [A-Za-z0-9._+]+ because it becomes part of a benchmark's
// name.
type LimiterKind = struct {
	Name, Doc string
	// Fleet says that the limiter is made for fleets: it limits the rate of all processes together. Its New is always
	// given a Fleet, perhaps of one process. Other limiters are given nil.
	Fleet bool
	// Local says that a limiter for fleets needs no server, for example because it gives each process a part of the
	// rate.
	Local bool
	// Wrong says what is wrong with a limiter that breaks its rate on purpose, as an example; "" for others.
	Wrong string
	// New returns a limiter with the given rate in pages/s, above 0, and an empty bucket of burst pages, at least 1. It
	// is called for each crawl, in each process, when the crawl starts. A limiter with a method Close() error is closed
	// when the crawl has ended, and must leave nothing behind then. A method Calls() int64, if it has one, returns how
	// many calls to the server it has made.
	New func(rate float64, burst int, f *Fleet) (Limiter, error)
}

// FleetServer is a server that the processes of a fleet share.
type FleetServer = interface {
	// URL returns the URL by which the processes reach it.
	URL() string
	// Version returns the name of the program and its version, such as "redis-server 7.0.15".
	Version() string
	// CPU returns the processor time that the server has used since it started.
	CPU() (time.Duration, error)
	// Forget deletes all keys with that prefix. It is called after each crawl, outside of what is measured.
	Forget(name string) error
	// Close ends the server if this program has started it, and removes what it has written.
	Close() error
}

// Serve starts a server for fleets. If url is not "", it takes the running server there. An error that wraps
// exec.ErrNotFound says that this machine has no such program, and which package has it: a run then leaves out what
// needs a server.
type Serve = func(ctx context.Context, url string) (FleetServer, error)

// Command is a further command of a program.
type Command = struct {
	// Name is the first argument that selects the command. Doc says what it does, in one line. A command without Doc is
	// not listed, such as one that only other processes of the program start.
	Name, Doc string
	// Run runs the command with the arguments after its name, and returns the exit code.
	Run func(args []string) int
}

// Program describes what a program measures. The function Main is the short form for a program that
// has only crawlers.
type Program struct {
	Crawlers []Crawler
	// Limiters are added to the built-in ones.
	Limiters []LimiterKind
	// Serve starts the server that fleets share. It is called once in a run that needs one. Nil means that the program
	// has none; its fleets then share their state by other means.
	Serve Serve
	// Commands are added to those of crawlbench. Their names must be new.
	Commands []Command
}

// Main runs crawlbench as the function Main does.
func (p Program) Main(args []string) int {
	return cli.Main(args, os.Stdin, os.Stdout, os.Stderr,
		cli.Program{Crawlers: p.Crawlers, Limiters: p.Limiters, Serve: p.Serve, Commands: p.Commands})
}
