package crash

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"crawlbench/bench/redis/server"
)

// Serve starts the installed server. One that is to survive being killed writes an append-only file, which it syncs
// every second.
func Serve(ctx context.Context, lasting bool) (Server, error) {
	o := server.Options{}
	if lasting {
		o.AOF = server.EverySec
	}
	s, err := server.Start(ctx, o)
	if err != nil {
		return nil, err
	}
	r := &running{Server: s, stop: make(chan struct{})}
	if lasting {
		if r.files, err = aofDirectory(ctx, s.URL()); err != nil {
			return nil, errors.Join(err, s.Close())
		}
		r.done.Go(r.observe)
	}
	return r, nil
}

// aofDirectory asks a server where its append-only files are.
func aofDirectory(ctx context.Context, url string) (string, error) {
	client, err := server.Client(url)
	if err != nil {
		return "", err
	}
	defer client.Close()
	answer := map[string]string{}
	for _, key := range []string{"dir", "appenddirname"} {
		m, err := client.ConfigGet(ctx, key).Result()
		if err != nil {
			return "", fmt.Errorf("ask the server for its append-only files: %w", err)
		}
		answer[key] = m[key]
	}
	return filepath.Join(answer["dir"], answer["appenddirname"]), nil
}

// running is a running server whose append-only files are observed.
type running struct {
	*server.Server
	files string // directory
	stop  chan struct{}
	done  sync.WaitGroup
	mu    sync.Mutex
	seen  []sizes
}

// sizes are the sizes of the append-only files at a time.
type sizes struct {
	at time.Time
	of map[string]int64
}

// observe notes the sizes of the files until the server is closed.
func (r *running) observe() {
	const period = 10 * time.Millisecond
	tick := time.NewTicker(period)
	defer tick.Stop()
	for {
		now := sizes{of: map[string]int64{}}
		list, _ := os.ReadDir(r.files)
		for _, entry := range list {
			if info, err := entry.Info(); err == nil {
				now.of[entry.Name()] = info.Size()
			}
		}
		now.at = time.Now() // not before: what is written while the sizes are read is not older than that
		r.mu.Lock()
		r.seen = append(r.seen, now)
		r.mu.Unlock()
		select {
		case <-tick.C:
		case <-r.stop:
			return
		}
	}
}

// Cut shortens the files to the sizes that they had at a time.
func (r *running) Cut(since time.Time) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.seen) == 0 {
		return errors.New("cut the append-only files: they were not observed")
	}
	then := r.seen[0]
	for _, s := range r.seen {
		if !s.at.After(since) {
			then = s
		}
	}
	for name, size := range then.of {
		if filepath.Ext(name) != ".aof" {
			continue // the manifest lists the files, and does not grow
		}
		if err := os.Truncate(filepath.Join(r.files, name), size); err != nil {
			return fmt.Errorf("cut the append-only files: %w", err)
		}
	}
	return nil
}

// Close ends the server and removes its files.
func (r *running) Close() error {
	close(r.stop)
	r.done.Wait()
	return r.Server.Close()
}
