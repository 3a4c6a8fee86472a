// Command crawlbench is crawlbench with crawlers and limiters that several processes share over Valkey or Redis, in
// addition to the built-in ones.
package main

import (
	"context"
	"errors"
	"os"
	"os/exec"

	"crawlbench/bench"
	"crawlbench/bench/redis/crash"
	"crawlbench/bench/redis/fleet"
	"crawlbench/bench/redis/frontier"
	"crawlbench/bench/redis/limit"
	"crawlbench/bench/redis/paper"
	"crawlbench/bench/redis/server"
)

func main() { os.Exit(program().Main(os.Args)) }

func program() bench.Program {
	return bench.Program{
		Crawlers: append(bench.Crawlers(), frontier.Crawlers()...),
		Limiters: limit.All(),
		Serve:    serve,
		Commands: []bench.Command{
			{Name: "crash", Doc: "kill processes and servers of crawls, and count what is lost or fetched twice",
				Run: func(args []string) int { return crash.Main(args, os.Stdout, os.Stderr) }},
			{Name: "paper", Doc: "simulate fleets of up to 1,000 processes, from costs measured here",
				Run: func(args []string) int { return paper.Main(args, os.Stdout, os.Stderr) }},
			{Name: fleet.ChildVerb, // started by the other two
				Run: func([]string) int { return fleet.Main(os.Stdin, os.Stdout, os.Stderr, frontier.Crawlers()) }},
		},
	}
}

// serve starts a server, or uses the one at url.
func serve(ctx context.Context, url string) (bench.FleetServer, error) {
	s, err := server.Serve(ctx, url)
	switch {
	case errors.Is(err, server.ErrNotInstalled):
		return nil, notFound{err}
	case err != nil:
		return nil, err
	}
	return s, nil
}

// notFound is an error that says that no server program was found.
type notFound struct{ error }

func (e notFound) Unwrap() []error { return []error{e.error, exec.ErrNotFound} }
