package limit

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"crawlbench/internal/crawl"
)

// each runs test with each kind of limiter that has a server, in a world of its own.
func each(t *testing.T, test func(t *testing.T, w *world, name string, l crawl.Limiter)) {
	t.Helper()
	for _, k := range kinds() {
		inWorld(t, func(t *testing.T, w *world) {
			const rate, burst = 100, 1
			f := crawl.Fleet{Processes: 2, Server: "redis://:sesame@127.0.0.1:1", Name: "crawl"}
			l, err := k.make(newConn(k.name, w.client(t, 0), &f, rate, burst), rate, burst)
			if err != nil {
				t.Fatal(err)
			}
			test(t, w, k.name, l)
			if err := l.(interface{ Close() error }).Close(); err != nil {
				t.Errorf("%s: %v", k.name, err)
			}
		})
	}
}

// Without its server a limiter lets nothing through, and says so. When the server is back, so is the limiter.
func TestWithoutServerNothingIsFetched(t *testing.T) {
	each(t, func(t *testing.T, w *world, name string, l crawl.Limiter) {
		if err := l.Wait(t.Context()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		w.kill()
		granted := 0
		start := time.Now()
		err := l.Wait(t.Context())
		for ; err == nil && granted < 100; err = l.Wait(t.Context()) {
			granted++
		}
		// A process with slots may use those that it has reserved.
		most := 0
		if name == Default {
			most = 2
		}
		if granted > most {
			t.Errorf("%s: %d pages were let through without the server", name, granted)
		}
		if err == nil {
			return
		}
		for _, words := range []string{"limiter " + name, "nothing may be fetched without the server at redis://",
			"start it again"} {
			if !strings.Contains(err.Error(), words) {
				t.Errorf("%s: %q does not say %q", name, err, words)
			}
		}
		if strings.Contains(err.Error(), "sesame") {
			t.Errorf("%s: the password is in %q", name, err)
		}
		if took := time.Since(start); took < 400*time.Millisecond || took > 10*time.Second {
			t.Errorf("%s: the error came after %v: want a server that restarts to be waited for, and no longer", name, took)
		}
		w.revive()
		if err := l.Wait(t.Context()); err != nil {
			t.Errorf("%s: the server is back, and %v", name, err)
		}
	})
}

// An outage of half a second is not seen by those who wait, except as time.
func TestShortOutageIsBridged(t *testing.T) {
	each(t, func(t *testing.T, w *world, name string, l crawl.Limiter) {
		var all sync.WaitGroup
		for range 3 {
			all.Go(func() {
				for range 10 {
					if err := l.Wait(t.Context()); err != nil {
						t.Errorf("%s: %v", name, err)
					}
				}
			})
		}
		time.Sleep(50 * time.Millisecond)
		w.kill()
		time.Sleep(500 * time.Millisecond)
		w.revive()
		all.Wait()
	})
}

// A wait ends when its context does, whatever the server is doing.
func TestCancellationIsPrompt(t *testing.T) {
	each(t, func(t *testing.T, w *world, name string, l crawl.Limiter) {
		l.Wait(t.Context()) // connects
		w.silent(true)
		start := time.Now()
		ctx, stop := context.WithCancel(t.Context())
		time.AfterFunc(3*time.Millisecond, stop)
		if err := l.Wait(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: a cancelled wait returned %v", name, err)
		}
		if took := time.Since(start); took != 3*time.Millisecond {
			t.Errorf("%s: a wait that was cancelled after 3 ms took %v", name, took)
		}
		if err := l.Wait(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: a wait with a cancelled context returned %v", name, err)
		}
		w.silent(false)
	})
}

// A server whose scripts were flushed is given them again.
func TestFlushedScripts(t *testing.T) {
	each(t, func(t *testing.T, w *world, name string, l crawl.Limiter) {
		for range 3 {
			if err := l.Wait(t.Context()); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			client := w.client(t, 1)
			if err := client.ScriptFlush(t.Context()).Err(); err != nil {
				t.Error(err)
			}
			client.Close()
		}
	})
}

// checkNonReserving returns an error if cancelled waits have reserved pages: if the next wait takes longer than it
// would without them.
func checkNonReserving(ctx context.Context, l crawl.Limiter, rate float64) error {
	interval := time.Duration(1e9 / rate)
	var all sync.WaitGroup
	const crowd = 20
	for i := range crowd {
		all.Go(func() {
			ctx, stop := context.WithCancel(ctx)
			time.AfterFunc(interval/2+time.Duration(i)*time.Microsecond, stop)
			l.Wait(ctx)
		})
		synctest.Wait()
	}
	all.Wait()
	start := time.Now()
	if err := l.Wait(ctx); err != nil {
		return err
	}
	if took := time.Since(start); took > interval {
		return errors.New("the next wait took " + took.String())
	}
	return nil
}

func TestNonReserving(t *testing.T) {
	claims := 0
	each(t, func(t *testing.T, w *world, name string, l crawl.Limiter) {
		_, claim := l.(crawl.NonReserving)
		if claim {
			claims++
		}
		err := checkNonReserving(t.Context(), l, 100)
		if name == "rediswindow" { // it counts refused attempts too
			return
		}
		if claim != (err == nil) {
			t.Errorf("%s claims to be non-reserving: %v, and: %v", name, claim, err)
		}
	})
	if claims != len(kinds())-1 { // all but redisreserve
		t.Errorf("%d limiters claim to be non-reserving", claims)
	}
}

// A fixed window lets twice the rate through at its edge: all of one second at its end, and all of the next at its
// beginning.
func TestWindowLetsTwiceTheRateThroughAtItsEdge(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		const rate = 100
		f := crawl.Fleet{Processes: 1, Server: "redis://127.0.0.1:1", Name: "crawl"}
		l, err := newWindow(newConn("rediswindow", w.client(t, 0), &f, rate, 1), rate, 1)
		if err != nil {
			t.Fatal(err)
		}
		l.Wait(t.Context()) // begins a window
		begin := time.Now()
		time.Sleep(900 * time.Millisecond)
		var at []time.Duration
		for range 99 + 100 {
			if err := l.Wait(t.Context()); err != nil {
				t.Fatal(err)
			}
			at = append(at, time.Since(begin))
		}
		if took := at[len(at)-1] - at[0]; took > 200*time.Millisecond {
			t.Errorf("199 pages at 100/s took %v, want them within 200 ms: is this still a fixed window?", took)
		}
		l.(interface{ Close() error }).Close()
	})
}

func TestNeedsAServer(t *testing.T) {
	seen := map[string]bool{}
	for _, k := range All() {
		if seen[k.Name] || !k.Fleet || k.Doc == "" || (k.Wrong != "") != (k.Name == "rediswindow") {
			t.Errorf("%+v", k)
		}
		seen[k.Name] = true
		for _, f := range []*crawl.Fleet{nil, {Processes: 2}, {Processes: 2, Server: "127.0.0.1"}} {
			l, err := k.New(10, 1, f)
			if k.Name == "share" {
				if err != nil || l == nil {
					t.Errorf("share needs a server: %v", err)
				}
			} else if err == nil || !strings.HasPrefix(err.Error(), "limiter "+k.Name+": ") {
				t.Errorf("%s with %+v: %v", k.Name, f, err)
			}
		}
	}
	if !seen[Default] {
		t.Errorf("there is no limiter %q", Default)
	}
}
