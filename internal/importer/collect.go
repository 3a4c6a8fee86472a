package importer

import (
	"fmt"
	"strings"
	"time"

	"crawlbench/internal/graph"
	"crawlbench/internal/plain"
)

// fetch is what a file says about the fetch of one page. URLs are canonical.
type fetch struct {
	url    string
	status int           // of HTTP; 0: never fetched, below 0: no answer
	wait   time.Duration // unknown if the file does not say it
	bytes  int64
	links  []string // in the order of the page
}

const (
	unknown  = time.Duration(-1)
	noAnswer = -1
	mostWait = time.Hour
)

// A page takes perPage bytes and twice its URL, and a link takes perLink, until the graph is made.
const (
	perPage = 200
	perLink = 16
)

// collector collects pages and links.
type collector struct {
	limit  int64 // bytes; 0 means no limit
	used   int64
	in     *input // the current one
	report *Report

	ids   map[string]uint32
	urls  []string
	pages []collected
	order []uint32 // pages that were fetched, in the order of their records
	links [][]link // blocks
	count uint64   // links
}

// collected is what is known about a page.
type collected struct {
	first  uint64 // links of the page before the one with this number do not count
	bytes  uint64
	wait   uint32 // microseconds, or unknownWait
	status int16
	listed bool // it has a record
	linked bool // links come from its record
}

const unknownWait = ^uint32(0)

type link struct{ from, to uint32 }

const blockLinks = 1 << 16

// fetched adds a fetch and the links on the page.
func (c *collector) fetched(f fetch) error {
	from, counts, err := c.page(f)
	if err != nil {
		return err
	}
	if p := &c.pages[from]; counts || !p.linked && f.status == int(p.status) {
		p.first, p.linked = c.count, true
	} else {
		return nil
	}
	for _, to := range f.links {
		if !graph.ValidURL(to) {
			continue
		}
		id, err := c.id(to)
		if err == nil {
			err = c.link(from, id)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// found adds a fetch of a page that was found on another, "" if it was known from the beginning.
func (c *collector) found(on string, f fetch) error {
	known, is := c.ids[f.url]
	again := is && c.pages[known].listed
	to, _, err := c.page(f)
	if err != nil || on == "" || again {
		return err
	}
	from, err := c.id(on)
	if err != nil || c.pages[from].linked {
		return err
	}
	return c.link(from, to)
}

// page adds a fetch without its links. It reports whether the fetch counts: of several, the first that is a success
// does, or else the first redirect, or else the first failure.
func (c *collector) page(f fetch) (id uint32, counts bool, err error) {
	if id, err = c.id(f.url); err != nil {
		return 0, false, err
	}
	p := &c.pages[id]
	p.listed = true
	if f.status == 0 {
		return id, false, nil
	}
	if p.status == 0 {
		c.order = append(c.order, id)
	} else {
		c.report.Repeated++
	}
	if counts = rank(f.status) > rank(int(p.status)); counts {
		p.status, p.bytes, p.wait = int16(f.status), uint64(f.bytes), unknownWait
	}
	if p.wait == unknownWait && f.status == int(p.status) {
		p.wait = micros(f.wait)
	}
	return id, counts, nil
}

// waited sets how long the fetch of a page took, if the page is known and its record did not say so.
func (c *collector) waited(url string, wait time.Duration) {
	if id, ok := c.ids[url]; ok && c.pages[id].wait == unknownWait {
		c.pages[id].wait = micros(wait)
	}
}

// micros converts a time to microseconds.
func micros(d time.Duration) uint32 {
	if d < 0 || d > mostWait {
		return unknownWait
	}
	return uint32(d.Round(time.Microsecond) / time.Microsecond)
}

// rank orders statuses by what a crawler gets.
func rank(status int) int {
	switch {
	case status == 0:
		return 0
	case failed(status):
		return 1
	case status >= 300:
		return 2
	}
	return 3
}

// failed reports whether a fetch with a status failed.
func failed(status int) bool { return status < 0 || status >= 400 }

// id returns the number of a page, a new one if the URL is new.
func (c *collector) id(url string) (uint32, error) {
	id, ok := c.ids[url]
	if ok {
		return id, nil
	}
	if err := c.take(perPage + 2*int64(len(url))); err != nil {
		return 0, err
	}
	id = uint32(len(c.urls))
	url = strings.Clone(url) // it may be part of a long line
	c.ids[url] = id
	c.urls = append(c.urls, url)
	c.pages = append(c.pages, collected{wait: unknownWait})
	return id, nil
}

// link adds a link.
func (c *collector) link(from, to uint32) error {
	if c.count%blockLinks == 0 {
		if err := c.take(perLink * blockLinks); err != nil {
			return err
		}
		c.links = append(c.links, make([]link, 0, blockLinks))
	}
	last := &c.links[len(c.links)-1]
	*last = append(*last, link{from, to})
	c.count++
	return nil
}

// counted yields the links that count, in the order in which they were collected: a page that was not fetched has none.
func (c *collector) counted(yield func(from, to uint32) bool) {
	n := uint64(0)
	for _, block := range c.links {
		for _, l := range block {
			p := &c.pages[l.from]
			if n >= p.first && p.status != 0 && !failed(int(p.status)) && !yield(l.from, l.to) {
				return
			}
			n++
		}
	}
}

// take accounts for memory. It returns an error if that exceeds the limit.
func (c *collector) take(bytes int64) error {
	c.used += bytes
	if c.limit == 0 || c.used <= c.limit {
		return nil
	}
	all := ""
	if read := c.in.taken.n; c.in.size > 0 && read > 0 {
		all = fmt.Sprintf(", and the whole file about %s",
			plain.Bytes(float64(c.used)*float64(c.in.size)/float64(read)))
	}
	return fmt.Errorf("the graph so far (%s, %s) needs %s of memory%s, but %s are free: import a part of the crawl, "+
		"or use a machine with more memory", plain.Count(len(c.urls), "page"), plain.Count(int(c.count), "link"),
		plain.Bytes(float64(c.used)), all, plain.Bytes(float64(c.limit)))
}
