package measure

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"crawlbench/internal/crawl"
	"crawlbench/internal/web/fetch"
)

// remote is the site of a cell over HTTP, in another process. A crawl begins without connections and leaves none.
// Methods of a nil remote do nothing.
type remote struct {
	socket  string
	workers int
	hurry   bool // pages answer without waiting
	plain   bool // no fetch is refused
	client  *fetch.Client
	web     *fetch.Web
	dials   atomic.Int64 // connections of the current crawl
	open    atomic.Int64 // those that are not closed

	before time.Duration // processor time of the site when the crawl began
	used   remoteUse     // by the last crawl
}

// remoteUse is what a crawl needed besides its own processor time.
type remoteUse struct {
	cpu   time.Duration // of the site
	dials int64         // connections
}

func newRemote(socket string, workers int) *remote { return &remote{socket: socket, workers: workers} }

// dial connects to the site, whatever the host: names are not resolved.
func (r *remote) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	conn, err := new(net.Dialer).DialContext(ctx, "unix", r.socket)
	if err != nil {
		return nil, err
	}
	r.dials.Add(1)
	r.open.Add(1)
	return &countedConn{Conn: conn, open: &r.open}, nil
}

// countedConn is a connection that counts itself as open.
type countedConn struct {
	net.Conn
	open   *atomic.Int64
	closed atomic.Bool
}

func (c *countedConn) Close() error {
	if !c.closed.Swap(true) {
		c.open.Add(-1)
	}
	return c.Conn.Close()
}

// begin prepares a crawl.
func (r *remote) begin(ctx context.Context) error {
	if r == nil {
		return nil
	}
	var err error
	if r.before, err = r.control(ctx, beginPath(r.hurry, r.plain)); err != nil {
		return err
	}
	r.dials.Store(0)
	r.client = fetch.New(fetch.Settings{Workers: r.workers, Dial: r.dial, RedirectLinks: true})
	r.web = fetch.NewWeb(r.client)
	return nil
}

// fetch is the Fetcher of the site. A recorded redirect is a page with one link, as it is in memory: a client that
// followed it would fetch a page without the verification's knowledge.
func (r *remote) fetch(ctx context.Context, url string) ([]string, error) {
	return r.web.Fetch(ctx, url)
}

// robots is the RobotsFetcher of the site.
func (r *remote) robots(ctx context.Context, url string) (crawl.Robots[string], error) {
	return r.web.Robots(ctx, url)
}

// closing is how long connections may take to close.
const closing = time.Second

// end closes the connections of a crawl, so that their goroutines do not count as the crawler's.
func (r *remote) end(ctx context.Context) error {
	if r == nil {
		return nil
	}
	dials := r.dials.Load()
	for begin := time.Now(); ; time.Sleep(20 * time.Microsecond) {
		if r.client.Close(); r.open.Load() == 0 {
			break
		}
		if time.Since(begin) > closing {
			break // a fetch is still in flight: the verification says so
		}
	}
	after, err := r.control(context.WithoutCancel(ctx), cpuPath)
	r.used = remoteUse{after - r.before, dials}
	return err
}

// control asks the site for what is not part of the crawl, over a connection of its own. Every answer has the processor
// time of its process.
func (r *remote) control(ctx context.Context, path string) (time.Duration, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	transport := &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn,
		error) {
		return new(net.Dialer).DialContext(ctx, "unix", r.socket)
	}}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+controlHost+path, nil)
	if err != nil {
		return 0, err
	}
	resp, err := transport.RoundTrip(req)
	if err != nil {
		return 0, fmt.Errorf("ask the site for its processor time: %w", err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, 4096))
	var cpu time.Duration
	if err == nil {
		err = json.Unmarshal(text, &cpu)
	}
	if err != nil {
		return 0, fmt.Errorf("ask the site for its processor time: %w", err)
	}
	return cpu, nil
}
