package frontier

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"

	"crawlbench/internal/crawl"
	"crawlbench/internal/web/delay"
)

//go:embed lua
var texts embed.FS

// session is this process's part of a crawl at the server.
type session struct {
	config
	fleet  crawl.Fleet
	client *redis.Client
	keys   []string
	random string
	id     string // of the crawl: the server has another one, or none, if it has forgotten this one
	calls  atomic.Int64

	mu     sync.Mutex
	member string // this process, as the server knows it: a fencing number and its random name
}

// errEnded is the error of a process that comes when the crawl has ended.
var errEnded = errors.New("the crawl has ended")

// join connects to the server and joins the crawl.
func (c config) join(ctx context.Context, f *crawl.Fleet) (*session, error) {
	const want = "want Options.Fleet with the URL of a server, such as redis://127.0.0.1:6379 or unix:///PATH"
	switch {
	case f == nil:
		return nil, fmt.Errorf("%s: no fleet: %s", c.name, want)
	case f.Server == "":
		return nil, fmt.Errorf("%s: the fleet has no server: %s", c.name, want)
	case f.Name == "":
		return nil, fmt.Errorf("%s: the crawl has no name: want Fleet.Name, the prefix of its keys", c.name)
	case f.Processes < 1 || f.Index < 0 || f.Index >= f.Processes:
		return nil, fmt.Errorf("%s: process %d of %d: want at least one, and an index below their number, from 0",
			c.name, f.Index, f.Processes)
	}
	s := &session{config: c, fleet: *f, keys: []string{f.Name}, random: strconv.FormatUint(rand.Uint64(), 36)}
	var err error
	if s.client, err = s.connect(); err == nil {
		err = s.enter(ctx)
	}
	if err != nil && s.client != nil {
		s.client.Close()
	}
	return s, err
}

// connect makes a client of the server. It connects when it is first used.
func (s *session) connect() (*redis.Client, error) {
	o, err := redis.ParseURL(s.fleet.Server)
	if err != nil {
		return nil, fmt.Errorf("%s: invalid URL of a server: %w: want redis://HOST:PORT or unix:///PATH", s.name, err)
	}
	o.Protocol, o.DisableIdentity, o.ContextTimeoutEnabled = 2, true, true
	o.MaintNotificationsConfig = &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
	o.Dialer = s.Dial
	o.MaxRetries, o.DialerRetries = -1, 1 // durable tries again, and others must not
	o.DialTimeout, o.ReadTimeout, o.WriteTimeout = s.timeout(), s.timeout(), s.timeout()
	o.PoolSize = 1 << 10 // below this number of failed dials, the pool dials only when it is asked to
	client := redis.NewClient(o)
	if s.Hook != nil {
		client.AddHook(s.Hook)
	}
	return client, nil
}

// enter makes this process a member of the crawl, again if it was one before.
func (s *session) enter(ctx context.Context) error {
	try := s.durable
	if s.id == "" { // no server at the start is an error at once
		try = s.call
	}
	reply, err := try(ctx, s.script("join"), strconv.FormatUint(rand.Uint64(), 36), s.id,
		s.random, s.lease.Microseconds())
	if err != nil {
		return err
	}
	if s.id = text(reply, 0); len(reply) < 2 {
		return errEnded
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.member = text(reply, 1)
	return nil
}

// who returns the name of this process at the server.
func (s *session) who() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.member
}

// script returns a script by its name. All but join begin with common.lua, and those of crawlers with one queue
// continue with queue.lua.
func (s *session) script(name string) *redis.Script {
	var parts []string
	switch name {
	case "join":
	case "step", "push", "lease":
		parts = []string{"common", "queue"}
	default:
		parts = []string{"common"}
	}
	var b strings.Builder
	for _, part := range append(parts, name) {
		data, err := texts.ReadFile("lua/" + part + ".lua")
		if err != nil {
			panic(err) // it is embedded
		}
		b.Write(data)
	}
	if s.Edit != nil {
		return redis.NewScript(s.Edit(name, b.String()))
	}
	return redis.NewScript(b.String())
}

// args returns the first arguments of a script, with space for n more.
func (s *session) args(n int) []any { return append(make([]any, 0, 2+n), s.id, s.who()) }

// call runs a script. If the server does not have it, its text is sent.
func (s *session) call(ctx context.Context, script *redis.Script, args ...any) ([]any, error) {
	s.calls.Add(1)
	reply, err := script.Run(ctx, s.client, s.keys, args...).Slice()
	return reply, s.explain(err)
}

// durable is call, and tries again while the server cannot be reached, for as long as the settings allow. It must be
// safe to run the script twice.
func (s *session) durable(ctx context.Context, script *redis.Script, args ...any) ([]any, error) {
	const first, most = 10 * time.Millisecond, 500 * time.Millisecond
	begin := time.Now()
	for pause := first; ; pause = min(2*pause, most) {
		reply, err := s.call(ctx, script, args...)
		if err == nil || !errors.As(err, new(unreachable)) || ctx.Err() != nil {
			return reply, err
		}
		if time.Since(begin) > s.outage() {
			return nil, fmt.Errorf("%w: gave up after %v", err, s.outage())
		}
		if err := delay.Wait(ctx, pause); err != nil {
			return nil, err
		}
	}
}

// unreachable is the error of a call that the server has not answered. It may still have made the
// call.
type unreachable struct{ error }

func (u unreachable) Unwrap() error { return u.error }

// errForgot says that the server has an earlier state of the crawl than this process: it was restarted, and had not
// written everything to its file. Or it counts this process as dead.
var errForgot = errors.New("the server has forgotten a call of this process")

// explain converts an error of the client into one that says what it means.
func (s *session) explain(err error) error {
	var refused redis.Error
	switch {
	case err == nil:
		return nil
	case !errors.As(err, &refused):
		return unreachable{fmt.Errorf("%s: server of the crawl %q: %w", s.name, s.fleet.Name, err)}
	case redis.HasErrorPrefix(err, "FORGOT"):
		return errForgot
	case redis.HasErrorPrefix(err, "LOST"):
		return fmt.Errorf("%s: the server no longer has the crawl %q: it was restarted without its data, or the keys "+
			"were deleted: start the crawl again, and the server with --appendonly yes", s.name, s.fleet.Name)
	case redis.HasErrorPrefix(err, "FAILED"):
		return fmt.Errorf("%s: the crawl %q has failed: %s: start it again, or use redislease, which survives this",
			s.name, s.fleet.Name, strings.TrimPrefix(err.Error(), "FAILED "))
	case redis.HasErrorPrefix(err, "LOADING"), redis.HasErrorPrefix(err, "MASTERDOWN"):
		return unreachable{fmt.Errorf("%s: server of the crawl %q: %w", s.name, s.fleet.Name, err)}
	}
	return fmt.Errorf("%s: server of the crawl %q: %w", s.name, s.fleet.Name, err)
}

// element returns element i of a reply, or the zero value if there is none of that type.
func element[T any](reply []any, i int) (v T) {
	if i < len(reply) {
		v, _ = reply[i].(T)
	}
	return v
}

func text(reply []any, i int) string  { return element[string](reply, i) }
func list(reply []any, i int) []any   { return element[[]any](reply, i) }
func number(reply []any, i int) int64 { return element[int64](reply, i) }

// ended reports whether a reply says that the crawl has ended.
func ended(reply []any) bool { return len(reply) > 0 && reply[0] == int64(1) }

// listen sends to wakes whenever the server wakes this process. If a wake is lost with a connection, the calls that
// every process makes from time to time make up for it. The returned function ends that, and closes the client.
func (s *session) listen(ctx context.Context, wakes chan<- struct{}) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	var listening sync.WaitGroup
	listening.Go(func() {
		for ctx.Err() == nil {
			_, err := s.client.BLPop(ctx, 5*time.Second, s.keys[0]+":wake:"+s.random).Result()
			switch {
			case err == nil:
				nudge(wakes)
			case !errors.Is(err, redis.Nil):
				delay.Wait(ctx, 50*time.Millisecond)
			}
		}
	})
	return func() {
		cancel()
		s.client.Close()
		listening.Wait()
	}
}

// nudge makes whoever waits for a channel go on, now or when it waits.
func nudge(c chan<- struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// desert tells the other processes that this one ends early and loses the pages that it has taken. The client may be
// closed already.
func (s *session) desert(why error) {
	ctx, stop := context.WithTimeout(context.Background(), s.timeout())
	defer stop()
	client, err := s.connect()
	if err != nil {
		return
	}
	defer client.Close()
	s.script("fail").Run(ctx, client, s.keys, s.id, s.who(),
		fmt.Sprintf("process %d of %d has left it (%v), and the pages that it had taken are lost",
			s.fleet.Index, s.fleet.Processes, why))
}
