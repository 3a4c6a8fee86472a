// Package servertest starts servers for tests.
package servertest

import (
	"errors"
	"os"
	"testing"

	"crawlbench/bench/redis/server"
)

// Start starts a server and ends it when the test ends. Without an installed server the test is skipped and says so;
// in continuous integration, where the environment has CI, it fails.
func Start(t testing.TB, o server.Options) *server.Server {
	t.Helper()
	s, err := server.Start(t.Context(), o)
	if errors.Is(err, server.ErrNotInstalled) && os.Getenv("CI") == "" {
		t.Skipf("SKIPPED, NOTHING WAS TESTED: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}
