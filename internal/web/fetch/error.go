package fetch

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"strings"
)

// Class is the kind of a failure.
type Class string

const (
	DNS       Class = "dns"       // the name of the host was not resolved
	Connect   Class = "connect"   // there was no connection
	TLS       Class = "tls"       // the handshake failed, or the certificate is not valid for the host
	Timeout   Class = "timeout"   // a phase took too long
	Status    Class = "status"    // the status is neither success nor a redirect
	TooLarge  Class = "too large" // the header or the body has too many bytes
	NotHTML   Class = "not html"  // the content is of another type
	Redirects Class = "redirects" // there were too many
	Protocol  Class = "protocol"  // the host broke HTTP, or the connection
)

// Error says why a fetch failed. If the context of a fetch ends, the error is the context's
// instead.
type Error struct {
	Class  Class
	URL    string // after redirects
	Status int    // 0 if there was no response
	Err    error
}

func (e *Error) Error() string {
	return fmt.Sprintf("fetch %.200q: %s: %v", e.URL, e.Class, e.Err)
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// timeout is the end of a phase that took too long.
type timeout string

func (t timeout) Error() string { return string(t) }

// phaseError is an error of a phase with a class of its own.
type phaseError struct {
	class Class
	err   error
}

func (e *phaseError) Error() string { return e.err.Error() }
func (e *phaseError) Unwrap() error { return e.err }

// tooLarge is the error of a body with more than that many bytes.
type tooLarge int64

func (t tooLarge) Error() string { return fmt.Sprintf("the body has more than %d bytes", int64(t)) }

// classOf returns the class of an error of a connection or of package net/http.
func classOf(err error) Class {
	if t := (timeout)(""); errors.As(err, &t) || errors.Is(err, context.DeadlineExceeded) {
		return Timeout
	}
	if n := (net.Error)(nil); errors.As(err, &n) && n.Timeout() {
		return Timeout
	}
	if errors.As(err, new(*net.DNSError)) {
		return DNS
	}
	if p := (*phaseError)(nil); errors.As(err, &p) {
		return p.class
	}
	for _, is := range []any{
		new(*tls.CertificateVerificationError), new(tls.RecordHeaderError), new(tls.AlertError),
		new(x509.UnknownAuthorityError), new(x509.HostnameError), new(x509.CertificateInvalidError),
	} {
		if errors.As(err, is) {
			return TLS
		}
	}
	if o := (*net.OpError)(nil); errors.As(err, &o) && (o.Op == "remote error" || o.Op == "local error") {
		return TLS // an alert, of a type that package tls keeps to itself
	}
	if t := tooLarge(0); errors.As(err, &t) || strings.Contains(err.Error(), "response headers exceeded") {
		return TooLarge
	}
	return Protocol
}
