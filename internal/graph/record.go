package graph

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/cespare/xxhash/v2"
)

// Record is what a crawl of a real site recorded of each page of a graph.
type Record struct {
	Text   []byte   // the URLs, one after the other
	Ends   []uint64 // where the URL of each page ends in Text
	Sizes  []uint64 // bytes of the page
	Waits  []uint32 // how long the fetch took, in microseconds
	Status []int16  // of HTTP; 0 if the page was never fetched, below 0 if there was no answer
	// Median is the median of Waits over the pages that were fetched, 0 if no wait was recorded.
	Median uint32

	index []uint32 // hash table of the pages' numbers, plus one; 0 is empty
}

// Failed reports whether the fetch of p failed.
func (r *Record) Failed(p uint32) bool { return r.Status[p] < 0 || r.Status[p] >= 400 }

// url returns the URL of p, which must be a page.
func (r *Record) url(p uint32) []byte {
	begin := uint64(0)
	if p > 0 {
		begin = r.Ends[p-1]
	}
	return r.Text[begin:r.Ends[p]]
}

// appendURL appends the URL of p. Numbers beyond the pages have one that no page has.
func (r *Record) appendURL(dst []byte, p uint32) []byte {
	if int(p) < len(r.Ends) {
		return append(dst, r.url(p)...)
	}
	begin := len(dst)
	dst = append(dst, r.url(uint32(len(r.Ends)-1))...)
	for {
		dst = append(dst, '-')
		dst = strconv.AppendUint(dst, uint64(p), 10)
		if _, is := r.page(string(dst[begin:])); !is {
			return dst
		}
	}
}

// page returns the page with a URL, and whether there is one.
func (r *Record) page(url string) (page uint32, ok bool) {
	mask := uint64(len(r.index) - 1)
	for at := xxhash.Sum64String(url) & mask; ; at = (at + 1) & mask {
		switch n := r.index[at]; {
		case n == 0:
			return 0, false
		case string(r.url(n-1)) == url:
			return n - 1, true
		}
	}
}

// SetRecord gives g, which must be valid, a record. It computes the record's median, and returns an error if the record
// does not fit.
func (g *Graph) SetRecord(r *Record) error {
	if err := r.complete(g.Pages()); err != nil {
		return err
	}
	g.Record = r
	return g.checkHosts()
}

// complete checks r, for a graph with that many pages, and computes the median and the index.
func (r *Record) complete(pages int) error {
	if len(r.Ends) != pages || len(r.Sizes) != pages || len(r.Waits) != pages || len(r.Status) != pages {
		return fmt.Errorf("record: it is not one of %d pages", pages)
	}
	end := uint64(0)
	for p, e := range r.Ends {
		if e <= end || e > uint64(len(r.Text)) {
			return fmt.Errorf("record: the URL of page %d does not end after the one before", p)
		}
		end = e
		if !ValidURL(string(r.url(uint32(p)))) {
			return fmt.Errorf("record: page %d has the invalid URL %.100q", p, r.url(uint32(p)))
		}
	}
	if end != uint64(len(r.Text)) {
		return fmt.Errorf("record: its URLs have %d bytes, of %d", end, len(r.Text))
	}
	var waits []uint32
	for p, wait := range r.Waits {
		if r.Status[p] != 0 {
			waits = append(waits, wait)
		}
	}
	slices.Sort(waits)
	if r.Median = 0; len(waits) > 0 {
		r.Median = waits[(len(waits)-1)/2]
	}
	return r.makeIndex()
}

// makeIndex makes the index. A URL that two pages have is an error, and so are URLs chosen to collide.
func (r *Record) makeIndex() error {
	size := 16
	for size < 2*len(r.Ends) {
		size *= 2
	}
	r.index = make([]uint32, size)
	mask, probes := uint64(size-1), 0
	for p := range uint32(len(r.Ends)) {
		url := r.url(p)
		at := xxhash.Sum64(url) & mask
		for ; r.index[at] != 0; at = (at + 1) & mask {
			if other := r.index[at] - 1; string(r.url(other)) == string(url) {
				return fmt.Errorf("record: pages %d and %d have the same URL %.100q", other, p, url)
			}
			if probes++; probes > 16*size {
				return fmt.Errorf("record: the hash values of its URLs collide, as if they were chosen to")
			}
		}
		r.index[at] = p + 1
	}
	return nil
}

// ValidURL reports whether url can be that of a page: of http or https, in visible ASCII, without fragment.
func ValidURL(url string) bool {
	for i := range len(url) {
		if c := url[i]; c <= ' ' || c > '~' || c == '#' {
			return false
		}
	}
	return HostOf(url) != ""
}

// HostOf returns the host and port of a URL, "" if that is not one of http or https.
func HostOf(url string) string {
	rest, ok := strings.CutPrefix(url, "https://")
	if !ok {
		if rest, ok = strings.CutPrefix(url, "http://"); !ok {
			return ""
		}
	}
	if end := strings.IndexAny(rest, "/?#"); end >= 0 {
		rest = rest[:end]
	}
	return rest[strings.LastIndexByte(rest, '@')+1:]
}

// checkHosts returns an error unless the hosts of g agree with its URLs.
func (g *Graph) checkHosts() error {
	seen := make(map[string]bool, len(g.Hosts))
	for h, first := range g.Hosts {
		host := HostOf(g.URL(first))
		if seen[host] {
			return fmt.Errorf("record: the host %.100q has two blocks of pages", host)
		}
		seen[host] = true
		for p := first + 1; p < g.past(h, g.Pages()); p++ {
			if HostOf(g.URL(p)) != host {
				return fmt.Errorf("record: page %d is not on its host %.100q", p, host)
			}
		}
	}
	return nil
}
