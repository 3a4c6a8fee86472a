package crawl

import (
	"context"
	"time"
)

// Fleet says that several processes share a crawl, and which of them this one is.
type Fleet = struct {
	Index, Processes int
	Server, Name     string
}

// LimiterKind describes a kind of rate limiter.
type LimiterKind = struct {
	Name, Doc string
	Fleet     bool
	Local     bool
	Wrong     string
	New       func(rate float64, burst int, f *Fleet) (Limiter, error)
}

// FleetServer is a server that the processes of a fleet share.
type FleetServer = interface {
	URL() string
	Version() string
	CPU() (time.Duration, error)
	Forget(name string) error
	Close() error
}

// Command is a further command of a program.
type Command = struct {
	Name, Doc string
	Run       func(args []string) int
}

// Serve starts a server, or takes the running one that url names.
type Serve = func(ctx context.Context, url string) (FleetServer, error)
