package ui

import (
	"net/http"
	"net/url"
	"strings"
	"time"
)

const (
	// ownPolicy is the content security policy of our own pages: nothing inline, nothing external.
	ownPolicy = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
	// inlinePolicy is the policy of pages with inline scripts, pprof's and reports: scripts may run but access no
	// network.
	inlinePolicy = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"

	longestURL = 4096
)

// guard refuses requests from pages of other sites: to a foreign host name, across origins, or by
// embedding. Links from other sites are allowed.
func guard(h http.Handler, anyHost bool) http.Handler {
	same := http.NewCrossOriginProtection().Handler(sameOrigin(h, anyHost))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ContentLength != 0 { // no handler reads a body, and it might never arrive
			w.Header().Set("Connection", "close")
			http.NewResponseController(w).SetReadDeadline(time.Now().Add(time.Second))
		}
		same.ServeHTTP(w, r)
	})
}

func sameOrigin(h http.Handler, anyHost bool) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		head := w.Header()
		head.Set("Content-Security-Policy", ownPolicy)
		head.Set("X-Content-Type-Options", "nosniff")
		head.Set("X-Frame-Options", "DENY")
		head.Set("Referrer-Policy", "no-referrer")
		head.Set("Cross-Origin-Resource-Policy", "same-origin")
		head.Set("Cross-Origin-Opener-Policy", "same-origin")
		head.Set("Cache-Control", "no-store")
		switch {
		case !anyHost && !local(r.Host):
			http.Error(w, "this server answers requests to localhost only", http.StatusMisdirectedRequest)
		case foreign(r):
			http.Error(w, "requests from pages of other sites are refused", http.StatusForbidden)
		case len(r.RequestURI) > longestURL:
			http.Error(w, "the URL is too long", http.StatusRequestURITooLong)
		case strings.ContainsRune(r.URL.Path, 0):
			http.Error(w, "the URL contains a zero byte", http.StatusBadRequest)
		case r.ContentLength != 0 && (r.Method == http.MethodGet || r.Method == http.MethodHead):
			http.Error(w, "a request for a page has no body", http.StatusRequestEntityTooLarge)
		default:
			h.ServeHTTP(w, r)
		}
	})
}

// foreign reports whether a page of another origin makes the request, other than by a link.
func foreign(r *http.Request) bool {
	if origin := r.Header.Get("Origin"); origin != "" {
		if u, err := url.Parse(origin); err != nil || u.Host != r.Host {
			return true
		}
	}
	site := r.Header.Get("Sec-Fetch-Site")
	return (site == "cross-site" || site == "same-site") && r.Header.Get("Sec-Fetch-Mode") != "navigate"
}

// local reports whether host, from a request, names this machine. Another name that resolves to it
// is a DNS rebinding attack.
func local(host string) bool {
	name := host
	if i := strings.LastIndexByte(host, ':'); i > strings.LastIndexByte(host, ']') {
		name = host[:i]
	}
	return name == "localhost" || name == "127.0.0.1" || name == "[::1]"
}
