package ui

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"crawlbench/internal/store"
	"crawlbench/internal/testing/runtest"
)

// pipes is a listener in a synctest bubble. Nothing is buffered: a side that does not read blocks the other.
type pipes struct {
	conns chan net.Conn
	end   sync.Once
	over  chan struct{}
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.over:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error   { p.end.Do(func() { close(p.over) }); return nil }
func (p *pipes) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)} }

func (p *pipes) dial() net.Conn {
	client, server := net.Pipe()
	p.conns <- server
	return client
}

// virtual runs f with a server of dir in virtual time.
func virtual(t *testing.T, dir string, f func(t *testing.T, p *pipes)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s, err := New(dir)
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		ctx, cancel := context.WithCancel(t.Context())
		p := &pipes{conns: make(chan net.Conn), over: make(chan struct{})}
		server := newServer(ctx, s, false)
		var pool sync.WaitGroup
		pool.Go(func() { server.Serve(p) })
		f(t, p)
		cancel()
		server.Close()
		pool.Wait()
	})
}

const head = "GET / HTTP/1.1\r\nHost: localhost\r\n"

// dropped returns how long the server keeps a connection on which a client sends send and then
// reads the response, with a pause between reads.
func dropped(t *testing.T, p *pipes, send string, pause time.Duration) time.Duration {
	t.Helper()
	begin := time.Now()
	c := p.dial()
	defer c.Close()
	go io.WriteString(c, send)
	some := make([]byte, 4096)
	if pause > 0 {
		some = some[:1]
	}
	for {
		if _, err := c.Read(some); err != nil {
			if !errors.Is(err, io.EOF) {
				t.Error(err)
			}
			return time.Since(begin)
		}
		time.Sleep(pause)
	}
}

// A thousand simultaneous malicious clients of each kind are all dropped within the limit of the kind.
func TestSlowClientsAreDropped(t *testing.T) {
	const clients = 1000
	dir := t.TempDir() // without runs, because a thousand pages of runs would take long
	for name, kind := range map[string]struct {
		send  string
		pause time.Duration
		most  time.Duration
	}{
		"says nothing":        {"", 0, 11 * time.Second},
		"head without an end": {head, 0, 11 * time.Second},
		"body of a GET":       {head + "Content-Length: 1000\r\n\r\n", 0, 2 * time.Second},
		"body of a POST": {strings.Replace(head, "GET", "POST", 1) + "Content-Length: 1000\r\n\r\n", 0,
			2 * time.Second},
		"body that begins": {head + "Content-Length: 1000\r\n\r\n0123456789", 0, 2 * time.Second},
		"body in chunks": {strings.Replace(head, "GET", "PUT", 1) + "Transfer-Encoding: chunked\r\n\r\n", 0,
			2 * time.Second},
		"body in a chunk": {head + "Transfer-Encoding: chunked\r\n\r\nffffff\r\n", 0, 2 * time.Second},
		"body after an answer": {strings.Replace(head, "GET", "POST", 1) +
			"Expect: 100-continue\r\nContent-Length: 1000\r\n\r\n", 0, 2 * time.Second},
		"body of another origin": {strings.Replace(head, "GET", "POST", 1) +
			"Origin: https://evil.example\r\nContent-Length: 1000\r\n\r\n", 0, 2 * time.Second},
		"body to another host": {"POST / HTTP/1.1\r\nHost: evil.example\r\nContent-Length: 1000\r\n\r\n", 0,
			2 * time.Second},
		"a page and then nothing":    {head + "\r\n", 0, 61 * time.Second},
		"two pages and then nothing": {head + "\r\n" + head + "\r\n", 0, 61 * time.Second},
		"reads slowly":               {head + "\r\n", 30 * time.Second, 91 * time.Second},
		"reads events slowly": {"GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n", 30 * time.Second,
			91 * time.Second},
	} {
		t.Run(strings.ReplaceAll(name, " ", "-"), func(t *testing.T) {
			virtual(t, dir, func(t *testing.T, p *pipes) {
				var pool sync.WaitGroup
				for range clients {
					pool.Go(func() {
						if took := dropped(t, p, kind.send, kind.pause); took > kind.most {
							t.Errorf("dropped after %v", took)
						}
					})
				}
				pool.Wait()
			})
		})
	}
}

// Listeners of a run in progress are not dropped as slow clients, with or without events for an hour.
func TestListenersStay(t *testing.T) {
	dir := t.TempDir()
	p, err := runtest.Plan(small2, false)
	if err != nil {
		t.Fatal(err)
	}
	run, err := store.Create(filepath.Join(dir, "now"), store.Manifest{Scenario: "small"}, p)
	if err != nil {
		t.Fatal(err)
	}
	defer run.Close()
	virtual(t, dir, func(t *testing.T, p *pipes) {
		c := p.dial()
		defer c.Close()
		go io.WriteString(c, "GET /runs/now/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
		r := bufio.NewReader(c)
		answer, err := http.ReadResponse(r, nil)
		if err != nil || answer.StatusCode != 200 {
			t.Fatal(answer, err)
		}
		lines := bufio.NewScanner(answer.Body)
		lines.Scan()
		if lines.Text() != "event: hello" {
			t.Fatalf("%q", lines.Text())
		}
		lines.Scan()
		lines.Scan()
		time.Sleep(time.Hour)
		ended := make(chan string)
		go func() {
			lines.Scan()
			ended <- lines.Text()
		}()
		if err := run.Update(func(m *store.Manifest) { m.State = store.Complete }); err != nil {
			t.Fatal(err)
		}
		if got := <-ended; got != "event: ended" {
			t.Errorf("after an hour: %q, %v", got, lines.Err())
		}
	})
}

// raw sends bytes over a connection, and returns the status codes of the responses until it is closed.
func raw(t *testing.T, addr, send string) (codes string) {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(time.Minute))
	if _, err := io.WriteString(c, send); err != nil {
		return "cut"
	}
	r := bufio.NewReader(c)
	var list []string
	for {
		method := "GET"
		if strings.HasPrefix(send, "HEAD") {
			method = "HEAD"
		}
		answer, err := http.ReadResponse(r, &http.Request{Method: method})
		if err != nil {
			return strings.Join(list, " ")
		}
		body, _ := io.ReadAll(answer.Body)
		if strings.Contains(string(body), "root:") {
			t.Errorf("%.100q leaks a file", send)
		}
		list = append(list, fmt.Sprint(answer.StatusCode))
		if answer.Close {
			return strings.Join(list, " ")
		}
	}
}

// Malformed or unusual requests, each with the status codes of the responses.
func TestRawRequests(t *testing.T) {
	url := serving(t, runs(t))
	addr := strings.TrimSuffix(strings.TrimPrefix(url, "http://"), "/")
	const host, end = "Host: localhost\r\n", "Connection: close\r\n\r\n"
	get := func(path, more string) string { return "GET " + path + " HTTP/1.1\r\n" + host + more + end }
	list := map[string]string{
		get("/", ""): "200",
		"GET / HTTP/1.1\r\n" + host + "\r\n" + get("/", ""):                  "200 200", // pipelined
		"GET / HTTP/1.1\r\n" + host + "\r\nPOST / HTTP/1.1\r\n" + host + end: "200 405",
		"GET / HTTP/1.0\r\n\r\n":                                             "421",
		"GET / HTTP/1.0\r\n" + host + "\r\n":                                 "200",
		"GET / HTTP/1.0\r\nHost: evil.example\r\n\r\n":                       "421",
		"GET /\r\n\r\n":            "400",
		"GET / HTTP/1.1\r\n" + end: "400", // without Host
		"GET / HTTP/1.1\r\n" + host + "Host: evil.example\r\n" + end: "400",
		"GET / HTTP/1.1\r\nHost: local host\r\n" + end:               "400",
		"GET / HTTP/1.1\r\nHost: localhost\x00\r\n" + end:            "400",
		"GET http://evil.example/ HTTP/1.1\r\n" + host + end:         "421",
		// the URL has precedence over Host
		"GET http://localhost/ HTTP/1.1\r\nHost: evil.example\r\n" + end:       "200",
		"GET //evil.example/ HTTP/1.1\r\n" + host + end:                        "307",
		"GET /../../etc/passwd HTTP/1.1\r\n" + host + end:                      "307",
		"GET /%2e%2e/%2e%2e/etc/passwd HTTP/1.1\r\n" + host + end:              "404",
		"GET /runs/one%00/ HTTP/1.1\r\n" + host + end:                          "400",
		"GET /runs/%zz/ HTTP/1.1\r\n" + host + end:                             "400",
		"GET /runs/one\x00/ HTTP/1.1\r\n" + host + end:                         "400",
		"GET /runs/\xff\xfe/ HTTP/1.1\r\n" + host + end:                        "404",
		"GET /?a=b;c=d HTTP/1.1\r\n" + host + end:                              "200",
		"GET /changes?before=%00&after=one HTTP/1.1\r\n" + host + end:          "303",
		"GET /changes?before=%zz&after=one HTTP/1.1\r\n" + host + end:          "400",
		"GET * HTTP/1.1\r\n" + host + end:                                      "400",
		"OPTIONS * HTTP/1.1\r\n" + host + end:                                  "400",
		"OPTIONS * HTTP/1.1\r\nHost: evil.example\r\n" + end:                   "421",
		"OPTIONS / HTTP/1.1\r\n" + host + end:                                  "405",
		"TRACE / HTTP/1.1\r\n" + host + end:                                    "405",
		"CONNECT localhost:80 HTTP/1.1\r\n" + host + end:                       "405",
		"get / HTTP/1.1\r\n" + host + end:                                      "405",
		"G\x00T / HTTP/1.1\r\n" + host + end:                                   "400",
		"GET / HTTP/9.9\r\n" + host + end:                                      "505",
		"GET / HTTP/1.1 HTTP/1.1\r\n" + host + end:                             "400",
		"GET / HTTP/1.1\n" + "Host: localhost\nConnection: close\n\n":          "200",
		"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n":                                     "421",
		"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 a hello of TLS \r\n\r\n": "400",
		"\x00\x00\x00\x00\r\n\r\n":                                             "400",
		"HELO localhost\r\n\r\n":                                               "400",
		get("/", "X: "+strings.Repeat("a", 60_000)+"\r\n"):                     "431",
		get("/", strings.Repeat("X: a\r\n", 20_000)):                           "431",
		get("/"+strings.Repeat("a", 5_000), ""):                                "414",
		get("/"+strings.Repeat("a", 60_000), ""):                               "431",
		get("/", "X\x00: a\r\n"):                                               "400",
		get("/", "X : a\r\n"):                                                  "400",
		get("/", " X: a\r\n"):                                                  "400",
		get("/", "Cookie: a=\x1b[2J\r\n"):                                      "400",
		get("/", "Content-Length: -1\r\n"):                                     "400",
		get("/", "Content-Length: 99999999999999999999\r\n"):                   "400",
		get("/", "Content-Length: 5\r\nContent-Length: 6\r\n"):                 "400",
		// request smuggling: chunked has precedence, and the connection is closed
		get("/", "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"):         "413",
		get("/", "Transfer-Encoding: gzip, chunked\r\n"):                        "501",
		get("/", "Transfer-Encoding: xchunked\r\n"):                             "501",
		get("/", "Expect: 200-maybe\r\n"):                                       "417",
		get("/", "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"):         "200",
		get("/", "Accept-Encoding: gzip;q=1.0, *;q=0\r\n"):                      "200",
		get("/", "If-Modified-Since: nonsense\r\n"):                             "200",
		"HEAD / HTTP/1.1\r\n" + host + end:                                      "200",
		"HEAD /runs/one/files/journal.jsonl HTTP/1.1\r\n" + host + end:          "200",
		get("/runs/one/files/journal.jsonl", "Range: bytes=0-9\r\n"):            "206",
		get("/runs/one/files/journal.jsonl", "Range: bytes=-1\r\n"):             "206",
		get("/runs/one/files/journal.jsonl", "Range: bytes=99999999-\r\n"):      "416",
		get("/runs/one/files/journal.jsonl", "Range: bytes=9-1\r\n"):            "416",
		get("/runs/one/files/journal.jsonl", "Range: lines=1-2\r\n"):            "416",
		get("/runs/one/files/journal.jsonl", "Range: bytes=0-1,2-3,99-100\r\n"): "206",
		// more than the whole file is sent as the whole file
		get("/runs/one/files/journal.jsonl", "Range: bytes="+strings.Repeat("0-,", 3_000)+"0-\r\n"): "200",
		get("/runs/one/", "Range: bytes=0-9\r\n"):                                                   "200",
	}
	for send, want := range list {
		if got := raw(t, addr, send); got != want {
			t.Errorf("%.120q: codes %s, want %s", send, got, want)
		}
	}
	t.Logf("%d raw requests", len(list))
	if got := raw(t, addr, get("/runs/one/", "")); got != "200" && got != "202" {
		t.Errorf("a good request afterwards: %s", got)
	}
}
