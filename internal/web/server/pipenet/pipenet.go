// Package pipenet is a network in memory: a listener and the function that dials it, over net.Pipe. The conformance
// suite and tests serve sites on it in a bubble of testing/synctest, where sockets would stop the clock.
//
// Make a Network, serve it, and give its Dial to the client. It has one listener, whatever address is dialled.
package pipenet

import (
	"context"
	"net"
	"sync"
	"sync/atomic"
)

// Network is a network with one listener, itself. Its channels belong to the bubble in which it was made.
type Network struct {
	conns chan net.Conn
	done  chan struct{}
	close sync.Once
	dials atomic.Int64
}

// New returns a network.
func New() *Network { return &Network{conns: make(chan net.Conn), done: make(chan struct{})} }

// Dial connects to the listener. It waits until the connection is accepted, like a listener without a backlog.
func (n *Network) Dial(ctx context.Context, _, addr string) (net.Conn, error) {
	client, server := net.Pipe()
	err := ctx.Err()
	if err == nil {
		select {
		case n.conns <- server:
			n.dials.Add(1)
			return client, nil
		case <-n.done:
			err = net.ErrClosed
		case <-ctx.Done():
			err = ctx.Err()
		}
	}
	client.Close()
	server.Close()
	return nil, &net.OpError{Op: "dial", Net: "pipe", Addr: address(addr), Err: err}
}

// Dials returns the number of connections so far.
func (n *Network) Dials() int { return int(n.dials.Load()) }

// Accept waits for a connection.
func (n *Network) Accept() (net.Conn, error) {
	select {
	case c := <-n.conns:
		return c, nil
	case <-n.done:
		return nil, &net.OpError{Op: "accept", Net: "pipe", Addr: n.Addr(), Err: net.ErrClosed}
	}
}

// Close makes Accept and Dial fail. Connections stay open.
func (n *Network) Close() error {
	n.close.Do(func() { close(n.done) })
	return nil
}

// Addr returns the address of the listener.
func (n *Network) Addr() net.Addr { return address("pipe") }

// address is the text of an address.
type address string

func (address) Network() string  { return "pipe" }
func (a address) String() string { return string(a) }
