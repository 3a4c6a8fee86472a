package fetch

import (
	"encoding/binary"
	"errors"
	"io"
	"net"
	"syscall"
	"testing"
	"time"
)

// The codes of answers of a name server (RFC 1035, 4.1.1).
const (
	serverFailure = 2
	noSuchName    = 3
	notAllowed    = 5
)

// nameServer answers every question with a code, over a connection as over TCP: with the length before each message.
func nameServer(code byte) func(net.Conn) {
	return func(c net.Conn) {
		for {
			var length [2]byte
			if _, err := io.ReadFull(c, length[:]); err != nil {
				return
			}
			message := make([]byte, binary.BigEndian.Uint16(length[:]))
			if _, err := io.ReadFull(c, message); err != nil {
				return
			}
			end := 12 // of the question: after the header, a name, its type and its class
			for end < len(message) && message[end] != 0 {
				end += int(message[end]) + 1
			}
			end = min(end+5, len(message))
			message = message[:end]
			message[2], message[3] = message[2]|0x80, 0x80|code // it is an answer, of one who asks others
			clear(message[6:12])                                // no records follow
			c.Write(binary.BigEndian.AppendUint16(nil, uint16(len(message))))
			c.Write(message)
		}
	}
}

// A name that is not resolved has the class dns, whatever the reason, unless it takes too long.
func TestDNS(t *testing.T) {
	refused := fails(&net.OpError{Op: "dial", Err: syscall.ECONNREFUSED})
	// The first look-up makes a channel that all share: it must not be of a bubble.
	(&net.Resolver{PreferGo: true, Dial: refused}).LookupHost(t.Context(), "www.x.example.")
	for _, test := range []struct {
		name   string
		server dial
		class  Class
		takes  time.Duration
	}{
		{"no such name", piped(nameServer(noSuchName)), DNS, 0},
		{"server failure", piped(nameServer(serverFailure)), DNS, 0},
		{"refused", piped(nameServer(notAllowed)), DNS, 0},
		{"no records", piped(nameServer(0)), DNS, 0},
		{"no server", refused, DNS, 0},
		{"connection is closed", piped(func(net.Conn) {}), DNS, 0},
		{"silence", piped(func(c net.Conn) { io.Copy(io.Discard, c) }), Timeout, dialing},
	} {
		s := settings()
		s.Dial = (&net.Dialer{Resolver: &net.Resolver{PreferGo: true, Dial: test.server}}).DialContext
		inBubble(t, nil, s, func(t *testing.T, _ *rawSite, c *Client) {
			begin := time.Now()
			_, err := c.Get(t.Context(), "http://www.x.example./")
			if e := (*Error)(nil); !errors.As(err, &e) || e.Class != test.class {
				t.Errorf("%s: %v, want class %q", test.name, err, test.class)
			}
			if took := time.Since(begin); took != test.takes {
				t.Errorf("%s: it took %v, want %v", test.name, took, test.takes)
			}
		})
	}
}
