package server

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Shares says how often something occurs, each from 0 to 1. The zero value makes plain pages: each link of the graph
// once, as an absolute URL.
type Shares struct {
	// These do not change which pages have to be found.
	Duplicates, NoFollow, Fragments, Relative, Odd, Base, Decoys, Charsets, Gzip, Chunked float64
	// These do, for a crawler that does not handle them, or they take time.
	Slow, UTF16, Redirects, Refusals, Forbidden float64
}

// DefaultShares returns shares like those of the web, of what does not change which pages have to be found. On 1,081
// article pages, 32 % of the links repeat another link of their page, 4 % differ from one only in the fragment, 9 % of
// the pages have a base, and 14 % have a charset other than UTF-8. The other shares are estimates.
func DefaultShares() Shares {
	return Shares{
		Duplicates: 0.32, NoFollow: 0.1, Fragments: 0.04, Relative: 0.7, Odd: 0.02, Base: 0.09, Decoys: 0.2,
		Charsets: 0.14, Gzip: 0.5, Chunked: 0.1,
	}
}

// Share is a field of Shares by its name.
type Share struct {
	Name, Doc string
	Value     *float64
}

// Fields returns the fields of s.
func (s *Shares) Fields() []Share {
	return []Share{
		{"duplicates", "links that repeat another link of their page", &s.Duplicates},
		{"nofollow", "repeated links with rel=nofollow", &s.NoFollow},
		{"fragments", "links with a fragment", &s.Fragments},
		{"relative", "links within a host that are relative, some with dots", &s.Relative},
		{"odd", "links in unusual spelling: upper case, port 80, white space, references, excess dots", &s.Odd},
		{"base", "pages with a base element", &s.Base},
		{"decoys", "pages with text in comments, scripts and titles that looks like links", &s.Decoys},
		{"charsets", "pages in a charset other than UTF-8", &s.Charsets},
		{"gzip", "pages that are compressed for clients that accept it", &s.Gzip},
		{"chunked", "pages without Content-Length", &s.Chunked},
		{"slow", "pages whose body arrives in pieces", &s.Slow},
		{"utf16", "pages in UTF-16", &s.UTF16},
		{"redirects", "pages that all links reach through 1 to 3 redirects", &s.Redirects},
		{"refusals", "pages whose first fetch is answered by 429 or 503 with Retry-After", &s.Refusals},
		{"forbidden", "hosts whose robots.txt forbids a directory", &s.Forbidden},
	}
}

// Set sets shares from a list such as "redirects=0.1,slow=0".
func (s *Shares) Set(list string) error {
	var given []string
	for item := range strings.SplitSeq(list, ",") {
		name, text, ok := strings.Cut(strings.TrimSpace(item), "=")
		fields := s.Fields()
		i := slices.IndexFunc(fields, func(f Share) bool { return f.Name == name })
		if !ok || i < 0 {
			return fmt.Errorf("invalid share %q: want NAME=SHARE with one of %s", item,
				strings.Join(shareNames(), ", "))
		}
		if slices.Contains(given, name) {
			return fmt.Errorf("invalid share %q: %s occurs twice in the list: give it once", item, name)
		}
		given = append(given, name)
		x, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return fmt.Errorf("invalid share %q: want a number from 0 to 1 after %s=", item, name)
		}
		*fields[i].Value = x
		if err := s.check(); err != nil {
			return err
		}
	}
	return nil
}

// check returns an error if a share is not one.
func (s Shares) check() error {
	for _, f := range s.Fields() {
		if v := *f.Value; !(v >= 0 && v <= 1) {
			return fmt.Errorf("invalid share %s=%v: want a number from 0 to 1", f.Name, v)
		}
	}
	if s.Duplicates > mostDuplicates {
		return fmt.Errorf("invalid share duplicates=%v: want at most %v, which is ten links for one", s.Duplicates,
			mostDuplicates)
	}
	return nil
}

// mostDuplicates bounds the size of pages.
const mostDuplicates = 0.9

// shareNames returns the names of all shares.
func shareNames() (names []string) {
	for _, f := range new(Shares).Fields() {
		names = append(names, f.Name)
	}
	return names
}
