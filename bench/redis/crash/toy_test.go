package crash

import (
	"context"
	"errors"
	"net"
	"net/rpc"
	"sync"
	"time"

	"crawlbench/internal/crawl"
)

// toyLease is the lease of the toy frontiers, and toyBatch the pages that a worker takes at a time.
const (
	toyLease = time.Second
	toyBatch = 8
)

// toys are small frontiers over a server in this process, of which all but the first are broken.
func toys() (list []Frontier) {
	for _, t := range []struct{ name, loses string }{
		{"lease", ""}, {"pop", "it has no leases"}, {"early", ""}, {"greedy", ""}, {"fragile", ""},
	} {
		list = append(list, Frontier{
			Crawler: crawl.Crawler{Name: t.name, ByID: toy{t.name}.crawl, Fleet: true}, Name: t.name, Lease: toyLease,
			Held: func(workers int) int { return workers * toyBatch }, Loses: t.loses,
		})
	}
	return list
}

func toyCrawlers() (list []crawl.Crawler) {
	for _, f := range toys() {
		list = append(list, f.Crawler)
	}
	return list
}

// toy is a crawler over a ToyServer.
type toy struct{ kind string }

func (t toy) crawl(ctx context.Context, web crawl.Web[uint32], seeds []uint32, o crawl.Options) (crawl.Result, error) {
	c := &toyClient{kind: t.kind, server: o.Fleet.Server}
	defer c.close()
	if err := c.call("Toy.Do", Ask{Name: o.Fleet.Name, Kind: t.kind, Links: seeds}, &Answer{}); err != nil {
		return crawl.Result{}, err
	}
	var mu sync.Mutex
	var r crawl.Result
	var errs error
	var all sync.WaitGroup
	for range o.Workers {
		all.Go(func() {
			n, err := t.work(ctx, c, web, o.Fleet)
			mu.Lock()
			defer mu.Unlock()
			r.Pages, errs = r.Pages+n, errors.Join(errs, err)
		})
	}
	all.Wait()
	return r, errs
}

func (t toy) work(ctx context.Context, c *toyClient, web crawl.Web[uint32], f *crawl.Fleet) (n int, err error) {
	ask := Ask{Name: f.Name, Kind: t.kind, Process: f.Index, Claim: true}
	for {
		var got Answer
		if err := c.call("Toy.Do", ask, &got); err != nil || got.Over {
			return n, err
		}
		ask.Done, ask.Links = got.Pages, nil
		for _, p := range got.Pages {
			links, err := web.Fetch(ctx, p)
			if err != nil {
				return n, err
			}
			n++
			ask.Links = append(ask.Links, links...)
		}
		if len(got.Pages) == 0 {
			time.Sleep(2 * time.Millisecond)
		}
	}
}

// toyClient calls the server, and unless it is fragile it waits for one that is away.
type toyClient struct {
	kind, server string
	mu           sync.Mutex
	conn         *rpc.Client
}

func (c *toyClient) call(method string, ask Ask, answer *Answer) error {
	const patience = 5 * time.Second
	for begin := time.Now(); ; time.Sleep(5 * time.Millisecond) {
		conn, err := c.dial()
		if err == nil {
			if err = conn.Call(method, ask, answer); err == nil {
				return nil
			}
			c.close()
		}
		if c.kind == "fragile" || time.Since(begin) > patience {
			return err
		}
	}
}

func (c *toyClient) dial() (*rpc.Client, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.conn != nil {
		return c.conn, nil
	}
	conn, err := net.Dial("tcp", c.server)
	if err != nil {
		return nil, err
	}
	c.conn = rpc.NewClient(conn)
	return c.conn, nil
}

func (c *toyClient) close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.conn != nil {
		c.conn.Close()
		c.conn = nil
	}
}

// Ask is what a worker asks the server: to take links and what it has done, and to give pages if Claim is set.
type Ask struct {
	Name, Kind  string
	Process     int
	Claim       bool
	Done, Links []uint32
}

// Answer has pages to fetch, or says that the crawl is over.
type Answer struct {
	Pages []uint32
	Over  bool
}

// toyServer keeps frontiers in memory. It forgets nothing when it is killed.
type toyServer struct {
	mu     sync.Mutex
	crawls map[string]*toyCrawl
	addr   string
	listen net.Listener
	conns  []net.Conn
	done   sync.WaitGroup
}

// toyCrawl is a frontier.
type toyCrawl struct {
	seen   map[uint32]bool
	queue  []uint32
	leased map[uint32]time.Time
	open   int
	n      int
}

func serveToys(ctx context.Context, _ bool) (Server, error) {
	s := &toyServer{crawls: map[string]*toyCrawl{}, addr: "127.0.0.1:0"}
	return s, s.Restart(ctx)
}

func (s *toyServer) URL() string         { return s.addr }
func (s *toyServer) Version() string     { return "a toy server" }
func (s *toyServer) Cut(time.Time) error { return nil }

func (s *toyServer) Restart(context.Context) (err error) {
	if s.listen, err = net.Listen("tcp", s.addr); err != nil {
		return err
	}
	s.addr = s.listen.Addr().String()
	calls := rpc.NewServer()
	if err := calls.RegisterName("Toy", Calls{s}); err != nil {
		return err
	}
	listen := s.listen
	s.done.Go(func() {
		for {
			conn, err := listen.Accept()
			if err != nil {
				return
			}
			s.mu.Lock()
			s.conns = append(s.conns, conn)
			s.mu.Unlock()
			s.done.Go(func() { calls.ServeConn(conn) })
		}
	})
	return nil
}

func (s *toyServer) Kill() error {
	s.listen.Close()
	s.mu.Lock()
	for _, conn := range s.conns {
		conn.Close()
	}
	s.conns = nil
	s.mu.Unlock()
	s.done.Wait()
	return nil
}

func (s *toyServer) Close() error { return s.Kill() }

// Calls are what workers call.
type Calls struct{ s *toyServer }

// Do takes and gives.
func (c Calls) Do(ask Ask, answer *Answer) error {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	t := c.s.crawls[ask.Name]
	if t == nil {
		t = &toyCrawl{seen: map[uint32]bool{}, leased: map[uint32]time.Time{}}
		c.s.crawls[ask.Name] = t
	}
	for _, p := range ask.Links {
		if !t.seen[p] {
			t.seen[p] = true
			t.open++
			t.queue = append(t.queue, p)
			if t.n++; ask.Kind == "greedy" && t.n%100 == 0 {
				t.open++
				t.queue = append(t.queue, p)
			}
		}
	}
	for _, p := range ask.Done {
		if _, ok := t.leased[p]; ok || ask.Kind == "greedy" {
			delete(t.leased, p)
			t.open--
		}
	}
	if !ask.Claim {
		return nil
	}
	now := time.Now()
	for p, end := range t.leased {
		if ask.Kind != "pop" && ask.Kind != "greedy" && now.After(end) {
			delete(t.leased, p)
			t.queue = append(t.queue, p)
		}
	}
	if ask.Kind == "early" && ask.Process == 0 && len(t.seen) > 100 { // to one process, for another to die in a crawl
		answer.Over = true
		return nil
	}
	n := min(toyBatch, len(t.queue))
	for _, p := range t.queue[:n] {
		answer.Pages = append(answer.Pages, p)
		t.leased[p] = now.Add(toyLease)
	}
	t.queue = t.queue[n:]
	answer.Over = n == 0 && t.open == 0
	return nil
}
