package frontier

import (
	"encoding/binary"
	"errors"
	"strconv"
	"strings"
)

// The log of a shard has three elements for each sync: pages that were found, pages that are done, and clocks of
// hosts. Pages are written as LENGTH:PAGE, like links on their way to another shard, and named afterwards by their
// number in the log.

// errRecord is the error for a record that cannot be read.
var errRecord = errors.New("redisshards: invalid record at the server: want one of redisshards: give each crawl a " +
	"name of its own")

func appendPage(b []byte, page string) []byte {
	b = strconv.AppendInt(b, int64(len(page)), 10)
	return append(append(b, ':'), page...)
}

// pagesOf calls f with each page of a list.
func pagesOf(list string, f func(page string) error) error {
	for list != "" {
		digits, rest, ok := strings.Cut(list, ":")
		n, err := strconv.Atoi(digits)
		if !ok || err != nil || n < 0 || n > len(rest) {
			return errRecord
		}
		if err := f(rest[:n]); err != nil {
			return err
		}
		list = rest[n:]
	}
	return nil
}

// clock says until when the host of a page rests, in us of the server, and what its gap is.
type clock struct {
	page       uint32
	until, gap int64
}

func appendDone(b []byte, pages []uint32) []byte {
	for _, page := range pages {
		b = binary.AppendUvarint(b, uint64(page))
	}
	return b
}

// doneOf is the reverse of appendDone.
func doneOf(text string) (pages []uint32, err error) {
	for b := []byte(text); len(b) > 0; {
		page, n := binary.Uvarint(b)
		if n <= 0 {
			return nil, errRecord
		}
		pages, b = append(pages, uint32(page)), b[n:]
	}
	return pages, nil
}

func appendClocks(b []byte, clocks []clock) []byte {
	for _, c := range clocks {
		b = binary.AppendUvarint(b, uint64(c.page))
		b = binary.AppendVarint(b, c.until)
		b = binary.AppendVarint(b, c.gap)
	}
	return b
}

// clocksOf is the reverse of appendClocks.
func clocksOf(text string) (clocks []clock, err error) {
	for b := []byte(text); len(b) > 0; {
		page, n := binary.Uvarint(b)
		until, m := binary.Varint(b[max(n, 0):])
		gap, k := binary.Varint(b[max(n, 0)+max(m, 0):])
		if n <= 0 || m <= 0 || k <= 0 {
			return nil, errRecord
		}
		clocks, b = append(clocks, clock{uint32(page), until, gap}), b[n+m+k:]
	}
	return clocks, nil
}
