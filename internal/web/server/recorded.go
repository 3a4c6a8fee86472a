package server

import (
	"fmt"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// A graph that was recorded has URLs, sizes and statuses of its own. All URLs are served by http: see graph.HTTPURL.

// largest bounds the bodies that are as large as recorded.
const largest = 8 << 20

// alias makes the table of the pages of a recorded graph that clients request by a URL other than that of the graph.
func (s *Site) alias() error {
	s.aliases = map[string]uint32{}
	for p := range uint32(s.graph.Pages()) {
		u, err := url.Parse(s.URL(p))
		if err != nil {
			return fmt.Errorf("page %d: %w: remove it from the imported files", p, err)
		}
		form := canonical("http", u.Host, u)
		switch other, ok := s.exactly(form); {
		case !ok:
			s.aliases[form] = p
		case other != p:
			return fmt.Errorf("clients request pages %d and %d by the same URL, %s: import only one of %s and %s",
				other, p, form, s.graph.URL(other), s.graph.URL(p))
		}
	}
	for p := range uint32(s.graph.Pages()) {
		if form := unescaped(s.URL(p)); !s.has(form) {
			s.aliases[form] = p
		}
	}
	return nil
}

// has reports whether the site has a URL.
func (s *Site) has(url string) bool {
	_, ok := s.exactly(url)
	return ok
}

// unescaped returns a URL without the escapes that clients add or remove as they like: all but those of / ? # % and of
// what is not a visible character, which are in upper case.
func unescaped(url string) string {
	if !strings.ContainsRune(url, '%') {
		return url
	}
	b := make([]byte, 0, len(url))
	for i := 0; i < len(url); i++ {
		if url[i] == '%' && i+2 < len(url) {
			if c, err := strconv.ParseUint(url[i+1:i+3], 16, 8); err == nil {
				if c > ' ' && c <= '~' && !strings.ContainsRune("/?#%", rune(c)) {
					b = append(b, byte(c))
				} else {
					b = append(b, strings.ToUpper(url[i:i+3])...)
				}
				i += 2
				continue
			}
		}
		b = append(b, url[i])
	}
	return string(b)
}

// least returns the least length of the body of a page.
func (s *Site) least(page uint32) int {
	if s.graph.Record == nil {
		return 0
	}
	return int(min(s.graph.Record.Sizes[page], largest))
}

// status returns the status with which a page answers. A page that fails has the status that was recorded, or 404; one
// that did not answer has 504.
func (s *Site) status(page uint32) int {
	status := 0
	if s.graph.Record != nil {
		status = int(s.graph.Record.Status[page])
	}
	switch {
	case s.behaviour.Fails(page) && status < 0:
		return http.StatusGatewayTimeout
	case s.behaviour.Fails(page) && status >= 400 && status < 1000:
		return status
	case s.behaviour.Fails(page):
		return http.StatusNotFound
	}
	if out := s.graph.Out(page); slices.Contains(redirects(), status) && len(out) == 1 && out[0] != page {
		return status
	}
	return http.StatusOK
}

// redirects are the statuses with a Location.
func redirects() []int {
	return []int{
		http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther, http.StatusTemporaryRedirect,
		http.StatusPermanentRedirect,
	}
}

// allowed returns how often a page may be handed out: once, and once more for each recorded redirect that leads to it,
// as most clients follow redirects by themselves; any number of times if its status asks for another attempt.
func (s *Site) allowed(page uint32) uint32 {
	status := s.status(page)
	if status >= 500 || status == http.StatusTooManyRequests || status == http.StatusRequestTimeout {
		return math.MaxUint32
	}
	return 1 + s.follows[page]
}

// followed returns how often each page is handed out to a client that follows every recorded redirect by itself.
func (s *Site) followed() map[uint32]uint32 {
	times := map[uint32]uint32{}
	if s.graph.Record == nil {
		return times
	}
	const most = 10 // redirects that clients follow
	for p := range uint32(s.graph.Pages()) {
		for at, hops := p, 0; hops < most && slices.Contains(redirects(), s.status(at)); hops++ {
			at = s.graph.Out(at)[0]
			times[at]++
		}
	}
	return times
}
