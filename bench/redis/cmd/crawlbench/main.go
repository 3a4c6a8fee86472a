// Command crawlbench is crawlbench with crawlers and limiters that several processes share over Valkey or Redis, in
// addition to the built-in ones.
package main

import (
	"context"
	"errors"
	"os"
	"os/exec"

	"crawlbench/bench"
	"crawlbench/bench/redis/frontier"
	"crawlbench/bench/redis/limit"
	"crawlbench/bench/redis/server"
)

func main() { os.Exit(program().Main(os.Args)) }

func program() bench.Program {
	return bench.Program{
		Crawlers: append(bench.Crawlers(), frontier.Crawlers()...),
		Limiters: limit.All(),
		Serve:    serve,
	}
}

// serve starts a server, or takes the one that url names.
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

// notFound says of an error that the program of a server was not found.
type notFound struct{ error }

func (e notFound) Unwrap() []error { return []error{e.error, exec.ErrNotFound} }
