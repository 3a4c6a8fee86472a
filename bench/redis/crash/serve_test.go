package crash

import (
	"context"
	"errors"
	"testing"
	"time"

	"crawlbench/bench/redis/server"
	"crawlbench/bench/redis/server/servertest"
)

func TestServerLosesItsLastSecondWithThePower(t *testing.T) {
	servertest.Start(t, server.Options{})
	s, err := Serve(t.Context(), true)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	client, err := server.Client(s.URL())
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	set := func(key string) time.Time {
		if err := client.Set(t.Context(), key, 1, 0).Err(); err != nil {
			t.Fatal(err)
		}
		r, written := s.(*running), time.Now()
		for n := 0; ; time.Sleep(time.Millisecond) { // until the sizes have been read once from begin to end
			r.mu.Lock()
			if n == 0 && r.seen[len(r.seen)-1].at.After(written) {
				n = len(r.seen)
			}
			read := n > 0 && len(r.seen) > n
			r.mu.Unlock()
			if read {
				return time.Now()
			}
		}
	}
	since := set("before")
	set("after")
	if err := errors.Join(s.Kill(), s.Cut(since), s.Restart(t.Context())); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithTimeout(t.Context(), 10*time.Second)
	defer stop()
	if n, err := client.Exists(ctx, "before").Result(); n != 1 || err != nil {
		t.Errorf("what was written before the time: %d keys, %v, want 1", n, err)
	}
	if n, err := client.Exists(ctx, "after").Result(); n != 0 || err != nil {
		t.Errorf("what was written after the time: %d keys, %v, want none", n, err)
	}
}
