package fetch

import (
	"compress/gzip"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"crawlbench/internal/web/page"
)

// Client fetches over HTTP. It is safe for concurrent use.
type Client struct {
	settings  Settings
	transport http.RoundTripper
	header    http.Header // of all requests, which do not change it
	inflaters sync.Pool   // of *gzip.Reader: a new one costs as much as a page with ten links
}

// Response is what a host answered.
type Response struct {
	URL       string // after redirects
	Status    int
	Header    http.Header
	Body      []byte // inflated; nil if the response is not a success
	Redirects int
	next      string // where it redirects to, if nobody follows
}

// New returns a client.
func New(s Settings) *Client {
	s = s.set()
	return &Client{settings: s, transport: newTransport(&s), header: http.Header{
		"User-Agent":      {s.Agent},
		"Accept":          {"text/html,application/xhtml+xml;q=0.9,*/*;q=0.1"},
		"Accept-Encoding": {"gzip"},
	}}
}

// newTransport returns a transport that keeps a connection for each worker at each host. A limit on the idle
// connections of all hosts makes a crawl of more hosts than that dial for nearly every page.
func newTransport(s *Settings) *http.Transport {
	t := &http.Transport{
		MaxIdleConns:           0,
		MaxIdleConnsPerHost:    s.Workers,
		IdleConnTimeout:        90 * time.Second,
		DisableCompression:     true, // the client inflates, within its bounds
		ResponseHeaderTimeout:  s.HeaderTimeout,
		TLSHandshakeTimeout:    s.TLSTimeout,
		MaxResponseHeaderBytes: s.MaxHeader,
		Protocols:              new(http.Protocols),
		DialContext:            s.dial,
		DialTLSContext:         s.dialTLS,
		TLSClientConfig:        &tls.Config{RootCAs: s.Roots}, // to proxies
	}
	t.Protocols.SetHTTP1(true) // HTTP/2 has one connection for a host, and costs half again as much a page
	if s.Proxy != nil {
		t.Proxy = http.ProxyURL(s.Proxy)
	}
	return t
}

// dial makes a connection within the time-out of that phase.
func (s *Settings) dial(ctx context.Context, network, address string) (net.Conn, error) {
	late := timeout(fmt.Sprintf("no connection in %v", s.DialTimeout))
	ctx, cancel := context.WithTimeoutCause(ctx, s.DialTimeout, late)
	defer cancel()
	conn, err := s.Dial(ctx, network, address)
	switch {
	case err == nil:
		return conn, nil
	case context.Cause(ctx) == late:
		return nil, late
	}
	return nil, &phaseError{Connect, err}
}

// dialTLS makes a connection and a handshake. Package net/http makes that to a proxy itself.
func (s *Settings) dialTLS(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := s.dial(ctx, network, address)
	if err != nil {
		return nil, err
	}
	name, _, err := net.SplitHostPort(address)
	if err != nil {
		name = address
	}
	late := timeout(fmt.Sprintf("no TLS in %v", s.TLSTimeout))
	ctx, cancel := context.WithTimeoutCause(ctx, s.TLSTimeout, late)
	defer cancel()
	secure := tls.Client(conn, &tls.Config{ServerName: name, RootCAs: s.Roots})
	err = secure.HandshakeContext(ctx)
	if err == nil {
		return secure, nil
	}
	conn.Close()
	if context.Cause(ctx) == late {
		return nil, late
	}
	return nil, &phaseError{TLS, err}
}

// Close closes the connections that are not in use.
func (c *Client) Close() {
	if t, ok := c.transport.(interface{ CloseIdleConnections() }); ok {
		t.CloseIdleConnections()
	}
}

// Get fetches an HTML page and follows redirects. The error is an *Error, or that of ctx. If its class is Status, there
// is a response too.
func (c *Client) Get(ctx context.Context, url string) (*Response, error) {
	return c.get(ctx, url, wanted{accept: isHTML, most: c.settings.MaxBody})
}

// wanted describes the content that a fetch accepts.
type wanted struct {
	accept func(http.Header) bool
	most   int64 // bytes of the body
	cut    bool  // a longer body is cut there, and no error
	links  bool  // redirects are not followed
	buffer []byte
}

// get fetches what is wanted and appends the body to its buffer.
func (c *Client) get(ctx context.Context, address string, want wanted) (*Response, error) {
	w := newWatch(ctx, &c.settings)
	defer w.stop()
	for n := 0; ; n++ {
		r, err := c.once(w, address, want)
		switch {
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case err != nil:
			return nil, err
		}
		r.Redirects = n
		next, ok, err := redirect(r)
		switch {
		case err != nil:
			return nil, err
		case ok && want.links:
			r.next = next
			return r, nil
		case !ok && (r.Status < 200 || r.Status > 299):
			return r, &Error{Status, address, r.Status, errors.New(http.StatusText(r.Status))}
		case !ok:
			return r, nil
		case n == c.settings.Redirects:
			return nil, &Error{Redirects, address, r.Status, fmt.Errorf("more than %d", n)}
		}
		address = next
	}
}

// once makes one request.
func (c *Client) once(w *watch, address string, want wanted) (*Response, error) {
	req, err := http.NewRequestWithContext(w.ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, &Error{Protocol, address, 0, err}
	}
	req.Header = c.header
	resp, err := c.transport.RoundTrip(req)
	if err != nil {
		return nil, w.failed(address, 0, err)
	}
	defer resp.Body.Close() // a connection whose body was not read to its end is given up here
	r := &Response{URL: address, Status: resp.StatusCode, Header: resp.Header}
	success := r.Status >= 200 && r.Status <= 299
	switch {
	case r.Status == http.StatusSwitchingProtocols: // the body would be the connection, which no context ends
		return nil, &Error{Protocol, address, r.Status, errors.New("the host switches the protocol without being " +
			"asked to")}
	case !success:
		w.drain(resp)
	case !want.accept(resp.Header):
		w.drain(resp)
		err := fmt.Errorf("the content is of type %.80q", resp.Header.Get("Content-Type"))
		return nil, &Error{NotHTML, address, r.Status, err}
	case resp.ContentLength > want.most && !want.cut:
		return nil, w.failed(address, r.Status, tooLarge(want.most))
	default:
		r.Body, err = c.body(w, resp, want)
		if err != nil && !(want.cut && classOf(err) == TooLarge) {
			return nil, w.failed(address, r.Status, err)
		}
	}
	w.expectEnd()
	return r, nil
}

// failed returns the Error of a request that failed.
func (w *watch) failed(address string, status int, err error) error {
	if t, ok := context.Cause(w.ctx).(timeout); ok {
		err = t
	}
	return &Error{classOf(err), address, status, err}
}

// drainMost is how many bytes of a body that nobody wants are read to keep the connection. More bytes cost more than a
// new connection.
const drainMost = 64 << 10

// drain reads a body that nobody wants to its end, if it is short.
func (w *watch) drain(resp *http.Response) {
	if resp.ContentLength <= drainMost {
		io.Copy(io.Discard, &wire{resp.Body, w, drainMost, drainMost})
	}
}

// body returns the body of a response, inflated.
func (c *Client) body(w *watch, resp *http.Response, want wanted) ([]byte, error) {
	from := &wire{resp.Body, w, want.most, want.most}
	switch encoding := resp.Header.Get("Content-Encoding"); strings.ToLower(encoding) {
	case "", "identity":
		return readAll(from, want)
	case "gzip", "x-gzip":
		return c.inflate(from, want)
	default:
		return nil, fmt.Errorf("content encoding %.40q: only gzip was offered", encoding)
	}
}

// inflate returns what was compressed, up to a limit: a few thousand bytes can become gigabytes.
func (c *Client) inflate(from io.Reader, want wanted) ([]byte, error) {
	z, ok := c.inflaters.Get().(*gzip.Reader)
	if !ok {
		z = new(gzip.Reader)
	}
	if err := z.Reset(from); err != nil {
		if err == io.EOF { // an empty body
			return want.buffer, nil
		}
		return nil, err
	}
	body, err := readAll(z, want)
	if err == nil {
		c.inflaters.Put(z)
	}
	return body, err
}

// readAll reads to the end: only then is a connection used again. With an error it returns what there was before.
func readAll(from io.Reader, want wanted) ([]byte, error) {
	for buffer := want.buffer; ; {
		if len(buffer) == cap(buffer) {
			buffer = append(buffer, make([]byte, max(4<<10, len(buffer)))...)[:len(buffer)]
		}
		n, err := from.Read(buffer[len(buffer):cap(buffer)])
		buffer = buffer[:len(buffer)+n]
		switch {
		case int64(len(buffer)) > want.most:
			return buffer[:want.most], tooLarge(want.most)
		case err == io.EOF:
			return buffer, nil
		case err != nil:
			return buffer, err
		}
	}
}

// redirect returns the URL that a response redirects to, and false if it does not redirect.
func redirect(r *Response) (next string, ok bool, err error) {
	switch r.Status {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther, http.StatusTemporaryRedirect,
		http.StatusPermanentRedirect:
	default:
		return "", false, nil
	}
	to := r.Header.Get("Location")
	base, err := url.Parse(r.URL)
	if err == nil && to != "" {
		if next, ok = page.Canonical(base, to); ok {
			return next, true, nil
		}
	}
	return "", false, &Error{Protocol, r.URL, r.Status, fmt.Errorf("it redirects to %.80q: want the URL of a page", to)}
}

// isHTML reports whether a header belongs to an HTML page.
func isHTML(h http.Header) bool { return page.IsHTML(h.Get("Content-Type")) }

func isAnything(http.Header) bool { return true }
