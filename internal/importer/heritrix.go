package importer

import (
	"bytes"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A line of Heritrix's crawl.log has these fields, padded with blanks: time, status, size, URL, path of discovery,
// referrer, MIME type, thread, begin and duration of the fetch, digest, source, annotations. What is unknown is "-".
// https://heritrix.readthedocs.io/en/latest/operating.html#crawl-log
const (
	fieldStatus = iota + 1
	fieldSize
	fieldURL
	fieldPath
	fieldReferrer
	fieldMIME
	leastFields
)

// crawlLogLine matches the beginning of a line: the time, of Heritrix 3 or 1, the status and the size.
var crawlLogLine = regexp.MustCompile(`^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z|\d{14,17}) +-?\d+ +(\d+|-) +\S+ `)

// hops matches the path of discovery: one letter per hop from the seed; a long path begins with the number of hops that
// it leaves out.
var hops = regexp.MustCompile(`^(-|(\d+\+)?[A-Z]+)$`)

// prerequisite matches the path of a DNS name or robots.txt, also where that redirected to.
var prerequisite = regexp.MustCompile(`PR*$`)

// logTime matches the time at which a line begins.
var logTime = regexp.MustCompile(`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z$`)

// fetchTime matches the start of a fetch, in UTC, and its duration in milliseconds.
var fetchTime = regexp.MustCompile(`^\d{14,17}\+(\d+)$`)

// isCrawlLog reports whether head is the beginning of a crawl.log.
func isCrawlLog(head []byte) bool { return crawlLogLine.Match(bytes.TrimLeft(head, " \t\r\n\ufeff")) }

// readCrawlLog reads a crawl.log. It has one link to each page: from the page where Heritrix found it.
func readCrawlLog(in *input, c *collector) error {
	in.report.TreeOnly = true
	for {
		line, err := in.line(1 << 20)
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		line = bytes.TrimPrefix(line, []byte("\ufeff"))
		if len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		f, referrer, err := parseCrawlLog(line)
		if err != nil {
			in.broken(in.where(), "%v", err)
			continue
		}
		in.report.Records++
		if f.url == "" {
			in.report.LeftOut++
			continue
		}
		if err := c.found(referrer, f); err != nil {
			return err
		}
	}
}

// parseCrawlLog parses a line. The URL is "" if it is not of a page: that of a DNS name, or robots.txt.
func parseCrawlLog(line []byte) (f fetch, referrer string, err error) {
	fields := bytes.Fields(line)
	if len(fields) < leastFields {
		return f, "", fmt.Errorf("want at least %d fields, have %d in %.100q", leastFields, len(fields), line)
	}
	f.status, err = strconv.Atoi(string(fields[fieldStatus]))
	if err != nil || f.status < -9999 || f.status > 999 {
		return f, "", fmt.Errorf("invalid status %.20q: want a number", fields[fieldStatus])
	}
	if size := string(fields[fieldSize]); size != "-" {
		if f.bytes, err = strconv.ParseInt(size, 10, 64); err != nil || f.bytes < 0 {
			return f, "", fmt.Errorf("invalid size %.20q: want a number of bytes, or -", size)
		}
	}
	if slices.ContainsFunc(fields[1:], logTime.Match) {
		return f, "", fmt.Errorf("want one time, have that of another line too in %.200q", line)
	}
	if !hops.Match(fields[fieldPath]) {
		return f, "", fmt.Errorf("invalid path of discovery %.20q: want letters, or -", fields[fieldPath])
	}
	text := string(fields[fieldURL])
	if bytes.HasPrefix(fields[fieldURL], []byte("dns:")) || prerequisite.Match(fields[fieldPath]) {
		return f, "", nil
	}
	if scheme, _, ok := bytes.Cut(fields[fieldURL], []byte(":")); ok && string(scheme) != "http" &&
		string(scheme) != "https" {
		return f, "", nil
	}
	if f.url, err = canonical(nil, text); err != nil {
		return f, "", fmt.Errorf("invalid URL %w", err)
	}
	if r := string(fields[fieldReferrer]); r != "-" && !strings.HasSuffix(r, "/robots.txt") { // which names sitemaps
		referrer, _ = canonical(nil, r)
	}
	if notTried(f.status) {
		f.status = 0
	}
	f.wait = unknown
	for _, field := range fields[fieldMIME+1:] {
		if m := fetchTime.FindSubmatch(field); m != nil {
			if ms, err := strconv.ParseInt(string(m[1]), 10, 64); err == nil && ms <= mostWait.Milliseconds() {
				f.wait = time.Duration(ms) * time.Millisecond
			}
			break
		}
	}
	return f, referrer, nil
}

// notTried reports whether a status says that Heritrix did not try to fetch the page: it is out of the crawl's scope,
// blocked, or excluded by robots.txt.
func notTried(status int) bool { return status == 0 || status == -7 || status <= -4000 }
