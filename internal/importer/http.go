package importer

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"fmt"
	"io"
	"net/url"
	"strconv"
	"strings"

	"crawlbench/internal/web/page"
)

// response parses an HTTP response as it was sent, sets the status of f and the links if it is a redirect, and returns
// the decoded body. It is lenient with sloppy servers, and with programs that write a decoded body under a header that
// says it is encoded.
func (in *input) response(f *fetch, block []byte) (contentType string, body []byte, err error) {
	head, body := cutHead(block)
	first, rest, _ := bytes.Cut(head, []byte{'\n'})
	words := bytes.Fields(first)
	if len(words) < 2 || !bytes.HasPrefix(words[0], []byte("HTTP/")) {
		return "", nil, fmt.Errorf("the block is not an HTTP response: it begins with %.40q: want \"HTTP/1.1 200 OK\"", first)
	}
	if f.status, err = strconv.Atoi(string(words[1])); err != nil || f.status < 100 || f.status > 999 {
		return "", nil, fmt.Errorf("invalid HTTP status %.20q: want three digits", words[1])
	}
	fields := fieldsOf(rest)
	if to := fields["location"]; f.status >= 300 && f.status < 400 && to != "" {
		f.links = []string{}
		if base, err := url.Parse(f.url); err == nil {
			if target, ok := page.Canonical(base, to); ok {
				f.links = append(f.links, target)
			}
		}
		return "", body, nil
	}
	if strings.EqualFold(fields["transfer-encoding"], "chunked") {
		body = dechunk(body)
	}
	body, ok := decode(body, strings.ToLower(fields["content-encoding"]))
	if !ok {
		in.report.NoLinks++
		f.links = []string{}
	}
	return fields["content-type"], body, nil
}

// cutHead divides a message into its head and its body.
func cutHead(block []byte) (head, body []byte) {
	at := 0
	for line := range bytes.Lines(block) {
		at += len(line)
		if len(bytes.TrimRight(line, "\r\n")) == 0 {
			return block[:at], block[at:]
		}
	}
	return block, nil
}

// dechunk returns the content of a chunked body, up to the last whole chunk, in the same memory. A body that does not
// begin with a chunk is returned as it is.
func dechunk(body []byte) []byte {
	content, rest := body[:0], body
	for {
		line, after, ok := bytes.Cut(rest, []byte{'\n'})
		digits, _, _ := bytes.Cut(line, []byte{';'})
		n, err := strconv.ParseUint(string(bytes.TrimSpace(digits)), 16, 31)
		switch {
		case (err != nil || !ok) && len(rest) == len(body):
			return body
		case err != nil || !ok || n == 0:
			return content
		}
		chunk := after[:min(n, uint64(len(after)))]
		content = append(content, chunk...)
		rest = bytes.TrimPrefix(bytes.TrimPrefix(after[len(chunk):], []byte{'\r'}), []byte{'\n'})
	}
}

// decode decompresses a body, up to mostBody bytes. It reports whether that is the content: of a body that is cut off,
// as much as there is. What is not compressed as it says is returned as it is, and is the content if it looks like
// HTML: some programs write what they have decoded.
func decode(body []byte, encoding string) ([]byte, bool) {
	var z io.Reader
	var err error
	switch encoding {
	case "", "identity":
		return body, true
	case "gzip", "x-gzip":
		z, err = gzip.NewReader(bytes.NewReader(body))
	case "deflate":
		if z, err = zlib.NewReader(bytes.NewReader(body)); err != nil && !isMarkup(body) {
			z, err = flate.NewReader(bytes.NewReader(body)), nil // without the header, as some servers send it
		}
	default:
		return body, isMarkup(body)
	}
	if err != nil {
		return body, len(body) == 0 || isMarkup(body)
	}
	content, err := io.ReadAll(io.LimitReader(z, mostBody))
	if len(content) == 0 && err != nil {
		return body, false
	}
	return content, true
}

// isMarkup reports whether a body looks like HTML that is not compressed.
func isMarkup(body []byte) bool {
	return bytes.HasPrefix(bytes.TrimLeft(body, " \t\r\n\f\ufeff"), []byte{'<'})
}
