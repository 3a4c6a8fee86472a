package importer

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/url"
	"time"
	"unicode/utf8"

	"crawlbench/internal/graph"
	"crawlbench/internal/web/page"
)

// isJSON reports whether head is the beginning of JSON lines.
func isJSON(head []byte) bool {
	return bytes.HasPrefix(bytes.TrimLeft(head, " \t\r\n\ufeff"), []byte("{"))
}

// jsonRecord is a line. Other keys are ignored.
type jsonRecord struct {
	URL      string   `json:"url"`
	Links    []string `json:"links"`
	Seconds  *float64 `json:"seconds"`
	Bytes    int64    `json:"bytes"`
	Status   *int     `json:"status"`
	Redirect string   `json:"redirect"`
	To       string   `json:"to"` // another name of redirect
}

// readJSON reads JSON lines.
func readJSON(in *input, c *collector) error {
	for {
		line, err := in.line(longestLine)
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		line = bytes.TrimSpace(bytes.TrimPrefix(line, []byte("\ufeff")))
		if len(line) == 0 {
			continue
		}
		f, err := parseJSON(line)
		if err != nil {
			in.broken(in.where(), "%v", err)
			continue
		}
		in.report.Records++
		if err := c.fetched(f); err != nil {
			return err
		}
	}
}

// parseJSON parses a line.
func parseJSON(line []byte) (f fetch, err error) {
	if !utf8.Valid(line) {
		return f, errors.New("invalid UTF-8, which JSON must not have: convert the file")
	}
	var r jsonRecord
	if err := json.Unmarshal(line, &r); err != nil {
		return f, fmt.Errorf("invalid record: %w: want %s", err,
			`{"url": "https://...", "links": ["..."], "seconds": 0.1, "bytes": 1234, "status": 200}`)
	}
	r.Redirect = cmp.Or(r.Redirect, r.To)
	f.url, err = canonical(nil, r.URL)
	if err != nil {
		return f, fmt.Errorf("invalid url: %w", err)
	}
	f.status = 200
	if r.Status != nil {
		f.status = *r.Status
	} else if r.Redirect != "" {
		f.status = 302
	}
	f.status = cmp.Or(f.status, noAnswer)
	f.wait = unknown
	if r.Seconds != nil {
		f.wait = time.Duration(*r.Seconds * float64(time.Second))
		if !(*r.Seconds >= 0 && *r.Seconds <= mostWait.Seconds()) {
			return f, fmt.Errorf("invalid seconds %v: want 0 to %.0f", *r.Seconds, mostWait.Seconds())
		}
	}
	if f.bytes = r.Bytes; r.Bytes < 0 {
		return f, fmt.Errorf("invalid bytes %d: want at least 0", r.Bytes)
	}
	if f.status < math.MinInt16 || f.status > 999 {
		return f, fmt.Errorf("invalid status %d: want an HTTP status, or 0 if there was no answer", f.status)
	}
	base, err := url.Parse(f.url)
	if err != nil {
		return f, fmt.Errorf("invalid url: %w", err)
	}
	if r.Redirect != "" {
		r.Links = []string{r.Redirect} // a crawler that is redirected gets nothing else
	}
	for _, ref := range r.Links {
		if link, ok := page.Canonical(base, ref); ok {
			f.links = append(f.links, link)
		}
	}
	return f, nil
}

// canonical returns the canonical form of a URL, which must have the scheme http or https.
func canonical(base *url.URL, ref string) (string, error) {
	if u, ok := page.Canonical(base, ref); ok && graph.ValidURL(u) {
		return u, nil
	}
	return "", fmt.Errorf("%.100q: want a URL with http or https", ref)
}
