package conform

import (
	"context"
	"errors"
	"maps"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/alicebob/miniredis/v2"
)

// trip is how long a message takes in one direction.
const trip = 250 * time.Microsecond

// server is a server in memory, which can be stopped, lose what it knows, and be started again.
type server struct {
	mu    sync.Mutex
	redis *miniredis.Miniredis // nil while it is down
	conns map[*conn]bool
	lost  chan *process // not nil: the next answer of a script is lost, and this is sent whose it was
}

func newServer() *server {
	s := &server{conns: map[*conn]bool{}}
	s.start(nil)
	return s
}

// start starts the server with what it knew when a snapshot was taken, nil for nothing.
func (s *server) start(know snapshot) {
	m := miniredis.NewMiniRedis()
	m.Seed(1)
	know.restore(m)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.redis = m
}

// stop stops the server and cuts all connections.
func (s *server) stop() {
	s.mu.Lock()
	m := s.redis
	s.redis = nil
	conns := s.conns
	s.conns = map[*conn]bool{}
	s.mu.Unlock()
	for c := range conns {
		c.Close()
	}
	if m != nil {
		m.Close()
	}
}

// cut cuts the connections of a process.
func (s *server) cut(p *process) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.conns {
		if c.process == p {
			delete(s.conns, c)
			c.Close()
		}
	}
}

var errDown = &net.OpError{Op: "dial", Net: "pipe", Err: errors.New("connection refused")}

// dial connects a process.
func (s *server) dial(p *process) func(ctx context.Context, network, address string) (net.Conn, error) {
	return func(context.Context, string, string) (net.Conn, error) {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.redis == nil || p.dead.Load() {
			return nil, errDown
		}
		inner, err := s.redis.Dial()
		if err != nil {
			return nil, err
		}
		c := &conn{Conn: inner, server: s, process: p, closed: make(chan struct{})}
		s.conns[c] = true
		return c, nil
	}
}

// conn is a connection of a process, whose messages take time, and wait while the process is frozen.
type conn struct {
	net.Conn
	server  *server
	process *process
	once    sync.Once
	closed  chan struct{}
}

func (c *conn) Write(b []byte) (int, error) {
	for _, wait := range []<-chan struct{}{c.process.thawed(), nil} {
		var arrives <-chan time.Time
		if wait == nil {
			arrives = time.After(trip)
		}
		select {
		case <-wait:
		case <-arrives:
		case <-c.closed:
			return 0, net.ErrClosed
		}
	}
	return c.Conn.Write(b)
}

// Read loses an answer and the connection, if the server is to lose one.
func (c *conn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	s := c.server
	s.mu.Lock()
	lost := s.lost
	lose := err == nil && lost != nil && n > 1 && b[0] == '*' && (b[1] == '3' || b[1] == '4') // not of a BLPOP
	if lose {
		s.lost = nil
	}
	s.mu.Unlock()
	if !lose {
		return n, err
	}
	lost <- c.process
	c.Close()
	return 0, net.ErrClosed
}

// loseAnswer waits until an answer was lost, and returns the process that was to have it, nil if none was.
func (s *server) loseAnswer() *process {
	lost := make(chan *process, 1)
	s.mu.Lock()
	s.lost = lost
	s.mu.Unlock()
	select {
	case p := <-lost:
		return p
	case <-time.After(5 * lease): // nobody asks any more
		return nil
	}
}

func (c *conn) Close() error {
	c.once.Do(func() { close(c.closed) })
	return c.Conn.Close()
}

// snapshot is what a server knows.
type snapshot []func(*miniredis.Miniredis)

func (k snapshot) restore(m *miniredis.Miniredis) {
	for _, put := range k {
		put(m)
	}
}

// snapshot returns what the server knows.
func (s *server) snapshot() (k snapshot) {
	s.mu.Lock()
	m := s.redis
	s.mu.Unlock()
	for _, key := range m.Keys() {
		switch m.Type(key) {
		case "hash":
			fields, _ := m.HKeys(key)
			for _, f := range fields {
				value := m.HGet(key, f)
				k = append(k, func(m *miniredis.Miniredis) { m.HSet(key, f, value) })
			}
		case "list":
			values, _ := m.List(key)
			values = slices.Clone(values)
			k = append(k, func(m *miniredis.Miniredis) { m.Push(key, values...) })
		case "set":
			values, _ := m.Members(key)
			k = append(k, func(m *miniredis.Miniredis) { m.SetAdd(key, values...) })
		case "zset":
			values, _ := m.SortedSet(key)
			values = maps.Clone(values) // they are those of the server itself
			k = append(k, func(m *miniredis.Miniredis) {
				for member, score := range values {
					m.ZAdd(key, score, member)
				}
			})
		}
	}
	return k
}

// keys returns the keys that the server has.
func (s *server) keys() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.redis.Keys()
}
