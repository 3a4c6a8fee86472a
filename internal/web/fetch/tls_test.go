package fetch

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

// authority issues certificates. A bubble of virtual time begins in the year 2000.
type authority struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
	roots       *x509.CertPool
}

func newAuthority(t testing.TB) *authority {
	a := &authority{roots: x509.NewCertPool()}
	_, a.key, a.certificate = a.issue(t, &x509.Certificate{IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign})
	a.roots.AddCert(a.certificate)
	return a
}

// issue returns a certificate, which signs itself if there is none of the authority yet.
func (a *authority) issue(t testing.TB, like *x509.Certificate) (tls.Certificate, *ecdsa.PrivateKey,
	*x509.Certificate,
) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	like.SerialNumber, like.Subject = big.NewInt(1), pkix.Name{CommonName: "test"}
	if like.NotAfter.IsZero() {
		like.NotAfter = time.Date(2001, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	if like.NotBefore.IsZero() {
		like.NotBefore = time.Date(1999, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	by, with := a.certificate, a.key
	if by == nil {
		by, with = like, key
	}
	der, err := x509.CreateCertificate(rand.Reader, like, by, &key.PublicKey, with)
	if err != nil {
		t.Fatal(err)
	}
	is, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, key, is
}

// secure answers over TLS.
func secure(c *tls.Config, does answer) func(net.Conn) {
	return func(plain net.Conn) {
		s := tls.Server(plain, c)
		if s.Handshake() != nil {
			io.Copy(io.Discard, plain) // as a socket's buffer does: the client reads the alert, though it writes too
			return
		}
		for from := bufio.NewReader(s); ; {
			r, err := http.ReadRequest(from)
			if err != nil || !does(s, r.URL.Path) {
				return
			}
		}
	}
}

// broken speaks TLS for the handshake only.
func broken(c *tls.Config) func(net.Conn) {
	return func(plain net.Conn) {
		s := tls.Server(plain, c)
		if s.Handshake() == nil {
			s.Read(make([]byte, 4096))
			plain.Write([]byte("\x17\x03\x03\x00\x20" + strings.Repeat("x", 32))) // a record that nobody encrypted
		}
	}
}

// connecting is a proxy that connects to a site.
func connecting(site func(net.Conn)) func(net.Conn) {
	return func(c net.Conn) {
		if r, err := http.ReadRequest(bufio.NewReader(c)); err == nil && r.Method == http.MethodConnect {
			io.WriteString(c, "HTTP/1.1 200 Connected\r\n\r\n")
			site(c)
		}
	}
}

// What can be wrong with TLS has its class, at once, also behind a proxy. A right site is the twin of all others.
func TestTLS(t *testing.T) {
	quiet(t)
	a := newAuthority(t)
	with := func(like x509.Certificate) *tls.Config {
		c, _, _ := a.issue(t, &like)
		return &tls.Config{Certificates: []tls.Certificate{c}}
	}
	named := func(name string) x509.Certificate { return x509.Certificate{DNSNames: []string{name}} }
	right := with(named("x.example"))
	self, _, _ := new(authority).issue(t, &x509.Certificate{DNSNames: []string{"x.example"}})
	year := func(y int) time.Time { return time.Date(y, 6, 1, 0, 0, 0, 0, time.UTC) }
	expired, early := named("x.example"), named("x.example")
	expired.NotAfter, early.NotBefore = year(1999), year(2000)
	old, picky := right.Clone(), right.Clone()
	old.MaxVersion, picky.ClientAuth = tls.VersionTLS11, tls.RequireAnyClientCert
	untrusted := &tls.Config{Certificates: []tls.Certificate{self}}
	for _, test := range []struct {
		name    string
		address string
		config  *tls.Config
		class   Class
	}{
		{"right", "https://x.example/", right, ""},
		{"right, with a port", "https://x.example:8443/", right, ""},
		{"wildcard", "https://y.x.example/", with(named("*.x.example")), ""},
		{"signed by itself", "https://x.example/", untrusted, TLS},
		{"of another host", "https://y.example/", right, TLS},
		{"expired", "https://x.example/", with(expired), TLS},
		{"not valid yet", "https://x.example/", with(early), TLS},
		{"an old version", "https://x.example/", old, TLS},
		{"wants a certificate of the client", "https://x.example/", picky, TLS},
		{"no TLS after the handshake", "https://x.example/", right, TLS},
	} {
		for _, proxied := range []bool{false, true} {
			s := settings()
			s.Roots = a.roots
			site := secure(test.config, html("<a href=/x>x</a>"))
			if test.name == "no TLS after the handshake" {
				site = broken(test.config)
			}
			if proxied {
				s.Proxy, site = &url.URL{Scheme: "http", Host: "proxy.example:3128"}, connecting(site)
			}
			s.Dial = piped(site)
			inBubble(t, nil, s, func(t *testing.T, _ *rawSite, c *Client) {
				begin := time.Now()
				r, err := c.Get(t.Context(), test.address)
				class := Class("")
				if e := (*Error)(nil); errors.As(err, &e) {
					class = e.Class
				}
				if class != test.class || (err == nil) != (test.class == "") || err == nil && r.Status != 200 {
					t.Errorf("%s, proxy %v: %v, class %q, want %q", test.name, proxied, err, class, test.class)
				}
				if took := time.Since(begin); took != 0 {
					t.Errorf("%s, proxy %v: it took %v", test.name, proxied, took)
				}
			})
		}
	}
}
