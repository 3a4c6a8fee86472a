package server

import (
	"net/http"
	"slices"
)

// Link is a link to a page that was missed.
type Link struct {
	To   string `json:"to"`
	From string `json:"from"`
	// Tag is the first link of From to To as it is written there, or the header that redirects. Base is the base of
	// From, "" if it is From itself.
	Tag  string `json:"tag"`
	Base string `json:"base,omitempty"`
}

// must reports whether a crawl has to find a page.
func (s *Site) must(page uint32) bool { return s.reach.Has(page) && !s.forbidden(page) }

// nameMissed puts those pages first in v.Missed that a fetched page links to, with one such link each: other pages may
// be missed only because of these. times is how often each page was handed out.
func (s *Site) nameMissed(v *Verdict, times []uint32) {
	var first []string
	for p := range times {
		page := uint32(p)
		if times[p] == 0 || s.behaviour.Fails(page) {
			continue
		}
		for _, q := range s.graph.Out(page) {
			if len(first) == min(examples, v.Missed.Count) {
				v.Missed.First = first
				return
			}
			if url := s.URL(q); times[q] == 0 && s.must(q) && !slices.Contains(first, url) {
				first = append(first, url)
				v.Links = append(v.Links, s.linkTo(page, q))
			}
		}
	}
	for _, url := range v.Missed.First {
		if len(first) < examples && !slices.Contains(first, url) {
			first = append(first, url)
		}
	}
	v.Missed.First = first
}

// linkTo returns the first link of a page to another.
func (s *Site) linkTo(page, to uint32) Link {
	l := Link{To: s.URL(to), From: s.URL(page)}
	if s.status(page) != http.StatusOK {
		l.Tag = "Location: " + s.linked(to)
		return l
	}
	base := s.write(page, func(url, attributes string) {
		if l.Tag == "" && url == s.linked(to) {
			l.Tag = "<a " + attributes + ">"
		}
	}).base
	if base != l.From {
		l.Base = base
	}
	return l
}
