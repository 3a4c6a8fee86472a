package importer

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strconv"
	"strings"
	"time"

	"crawlbench/internal/web/page"
)

// Bounds on a record; what is beyond them is not read.
const (
	mostHead = 64 << 10 // a line of a header
	mostBody = 10 << 20 // a page; that of net/http's users, and of the crawls over HTTP
)

// isWARC reports whether head is the beginning of a WARC file.
func isWARC(head []byte) bool {
	return bytes.HasPrefix(bytes.TrimLeft(head, " \t\r\n"), []byte("WARC/"))
}

// readWARC reads the records of a WARC file (ISO 28500).
func readWARC(in *input, c *collector) error {
	in.binary = true
	inSync := true
	for {
		begin := in.offset
		line, err := in.line(mostHead)
		switch {
		case err == io.EOF:
			return nil
		case err != nil:
			return err
		case len(line) == 0:
			continue
		case !bytes.HasPrefix(line, []byte("WARC/")):
			if inSync { // of the lines up to the next record, only the first is named
				in.broken(in.at(begin), "want the beginning of a record, \"WARC/1.1\", have %.60q", line)
			}
			inSync = false
			continue
		}
		inSync = true
		r, err := in.warcRecord()
		var d *damage
		switch {
		case errors.As(err, &d):
			in.broken(in.at(begin), "%v", d)
			inSync = false
			continue
		case err != nil:
			return err
		}
		if err := c.warcRecord(in, in.at(begin), r); err != nil {
			return err
		}
	}
}

// warcRecord is a record: the fields of its header, with names in lower case, and its block, which may be cut.
type warcRecord struct {
	fields map[string]string
	block  []byte
}

// warcRecord reads a record after its first line. An error is a damage if the next record can be read.
func (in *input) warcRecord() (r warcRecord, err error) {
	r.fields = map[string]string{}
	for {
		line, err := in.line(mostHead)
		if err == io.EOF {
			return r, &damage{"the file is truncated within the header of this record"}
		}
		if err != nil {
			return r, err
		}
		if len(line) == 0 {
			break
		}
		if len(r.fields) < 1000 {
			field(r.fields, line)
		}
	}
	length, err := strconv.ParseInt(r.fields["content-length"], 10, 64)
	if err != nil || length < 0 {
		return r, &damage{fmt.Sprintf("invalid Content-Length %.40q: want a number of bytes", r.fields["content-length"])}
	}
	keep := int64(0)
	switch r.fields["warc-type"] {
	case "response", "resource", "revisit", "metadata":
		keep = min(length, mostBody+mostHead)
	}
	var block bytes.Buffer
	n, err := io.CopyN(&block, in.in, keep)
	in.offset += n
	if err == nil {
		n, err = io.CopyN(io.Discard, in.in, length-keep)
		in.offset += n
	}
	if err == io.EOF {
		return r, &damage{fmt.Sprintf("the file ends within this record of %d bytes: it is truncated, or the length is "+
			"wrong and hides the records that follow", length)}
	}
	r.block = block.Bytes()
	return r, err
}

// fieldsOf parses a header.
func fieldsOf(head []byte) map[string]string {
	fields := map[string]string{}
	for line := range bytes.Lines(head) {
		field(fields, line)
	}
	return fields
}

// field parses a line "Name: value". It ignores other lines.
func field(to map[string]string, line []byte) {
	name, value, ok := bytes.Cut(line, []byte{':'})
	if key := strings.ToLower(string(bytes.TrimSpace(name))); ok && to[key] == "" {
		to[key] = string(bytes.TrimSpace(value))
	}
}

// warcRecord adds what a record says of a page.
func (c *collector) warcRecord(in *input, where string, r warcRecord) error {
	kind := r.fields["warc-type"]
	if kind == "" {
		in.broken(where, "the record has no WARC-Type")
		return nil
	}
	in.report.Records++
	target := strings.Trim(r.fields["warc-target-uri"], "<>") // which some programs write around it
	url, err := canonical(nil, target)
	switch {
	case kind == "metadata":
		if err == nil {
			c.metadata(url, r.block)
		}
		return nil
	case kind != "response" && kind != "resource" && kind != "revisit":
		return nil
	case err != nil || isRobots(url):
		in.report.LeftOut++
		return nil
	case r.fields["warc-segment-number"] != "" && r.fields["warc-segment-number"] != "1":
		return nil
	}
	f := fetch{url: url, status: 200, wait: unknown}
	body, contentType := r.block, r.fields["content-type"]
	if strings.HasPrefix(contentType, "application/http") {
		if contentType, body, err = in.response(&f, r.block); err != nil {
			in.report.Records--
			in.broken(where, "%v", err)
			return nil
		}
	}
	f.bytes = int64(len(body))
	if f.links == nil && !failed(f.status) && page.IsHTML(contentType) && kind != "revisit" {
		if f.links, err = page.Links(nil, url, contentType, body); err != nil {
			in.report.NoLinks++
		}
	}
	return c.fetched(f)
}

// metadata adds the duration of a fetch, which Heritrix writes into a record of its own.
func (c *collector) metadata(url string, block []byte) {
	fields := fieldsOf(block)
	if ms, err := strconv.ParseInt(fields["fetchtimems"], 10, 32); err == nil && ms >= 0 {
		c.waited(url, time.Duration(ms)*time.Millisecond)
	}
}

// isRobots reports whether a URL is that of a robots.txt.
func isRobots(target string) bool {
	u, err := url.Parse(target)
	return err == nil && u.Path == "/robots.txt"
}
