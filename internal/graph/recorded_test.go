//go:build unix

package graph

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// recorded returns a graph of three hosts with a record, whose page 4 was never fetched.
func recorded(t testing.TB) *Graph {
	t.Helper()
	g := &Graph{
		Offsets: []uint64{0, 3, 4, 4, 6, 6}, Links: []uint32{1, 2, 1, 3, 4, 4}, Hosts: []uint32{0, 3, 4}, Start: 0,
		Notes: []string{"imported", "two notes"},
	}
	r := &Record{Waits: []uint32{1500, 20, 7_000_000, 900, 900}, Sizes: []uint64{100, 1 << 40, 0, 5, 0},
		Status: []int16{200, 301, -2, 404, 0}}
	for _, url := range []string{
		"https://a.example/", "https://a.example/b?x=1", "http://a.example/c", "http://b.example:81/",
		"https://c.example/x",
	} {
		r.Text = append(r.Text, url...)
		r.Ends = append(r.Ends, uint64(len(r.Text)))
	}
	if err := g.SetRecord(r); err != nil {
		t.Fatal(err)
	}
	return g
}

// file writes g into a file.
func file(t testing.TB, g *Graph) (path string, content []byte) {
	t.Helper()
	var b bytes.Buffer
	if err := WriteRecorded(t.Context(), &b, g); err != nil {
		t.Fatal(err)
	}
	path = filepath.Join(t.TempDir(), "g.cbg")
	if err := os.WriteFile(path, b.Bytes(), 0o666); err != nil {
		t.Fatal(err)
	}
	return path, b.Bytes()
}

func TestARecordedGraphIsReadAsItWasWritten(t *testing.T) {
	g := recorded(t)
	path, _ := file(t, g)
	got, err := Build(t.Context(), Spec{Kind: FileKind(path), File: path}, 0)
	if err != nil {
		t.Fatal(err)
	}
	g.Notes = append(g.Notes, "start page 0")
	if !reflect.DeepEqual(got, g) {
		t.Errorf("have\n%+v\n%+v\nwant\n%+v\n%+v", got, got.Record, g, g.Record)
	}
	if got.Record.Median != 900 { // of 20, 900, 1500 and 7,000,000: the page that was never fetched does not count
		t.Errorf("median %d us, want 900", got.Record.Median)
	}
	if got, err = Build(t.Context(), Spec{Kind: "file", File: path, Start: "3"}, 0); err != nil || got.Start != 3 {
		t.Errorf("start page %v, %v, want 3", got, err)
	}
	if _, err = Build(t.Context(), Spec{Kind: "file", File: path, Start: "5"}, 0); err == nil {
		t.Error("a start page beyond the last is accepted")
	}
}

func TestTheCacheKeepsTheRecord(t *testing.T) {
	g := recorded(t)
	path := filepath.Join(t.TempDir(), "g.graph")
	if err := WriteCache(path, g, Walk(g, g.Record.Failed)); err != nil {
		t.Fatal(err)
	}
	if err := CheckCache(path); err != nil {
		t.Fatal(err)
	}
	c, err := OpenCache(path)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if !reflect.DeepEqual(c.Graph.Record, g.Record) || c.Graph.Digest() != g.Digest() {
		t.Errorf("have\n%+v\nwant\n%+v", c.Graph.Record, g.Record)
	}
	if c.Reach.Failed != 2 || c.Reach.Pages != 4 { // page 4 is linked only from page 3, which fails
		t.Errorf("%+v", c.Reach)
	}
}

func TestRecordedURLsAreFoundAndOthersAreNot(t *testing.T) {
	g := recorded(t)
	seen := map[string]bool{}
	for p := range uint32(g.Pages() + 20) {
		url := g.URL(p)
		if seen[url] {
			t.Errorf("%s is the URL of two numbers", url)
		}
		seen[url] = true
		got, ok := g.PageOf(url)
		if is := int(p) < g.Pages(); ok != is || is && got != p {
			t.Errorf("%s: page %d, %v; want %d, %v", url, got, ok, p, is)
		}
	}
	for _, url := range []string{"", "https://a.example", "https://a.example/#x", "https://www.h0.example/news/page-0.html"} {
		if p, ok := g.PageOf(url); ok {
			t.Errorf("%q is page %d", url, p)
		}
	}
	if g.URL(1) != "https://a.example/b?x=1" {
		t.Errorf("page 1 is %s", g.URL(1))
	}
}

// The number that makes the URL of a page beyond the last unique may be in use.
func TestURLsBeyondTheLastPageAreUnique(t *testing.T) {
	g := &Graph{Offsets: []uint64{0, 0, 0}, Hosts: []uint32{0}}
	text := "https://a/x-2https://a/x"
	if err := g.SetRecord(&Record{Text: []byte(text), Ends: []uint64{13, 24}, Sizes: make([]uint64, 2),
		Waits: make([]uint32, 2), Status: make([]int16, 2)}); err != nil {
		t.Fatal(err)
	}
	if got := g.URL(2); got != "https://a/x-2-2" {
		t.Errorf("the number 2 has the URL %s", got)
	}
}

// What differs only in the record is another graph.
func TestDigestsCoverTheRecord(t *testing.T) {
	changes := map[string]func(*Record){
		"wait":   func(r *Record) { r.Waits[4]++ },
		"size":   func(r *Record) { r.Sizes[1]++ },
		"status": func(r *Record) { r.Status[0]++ },
		"URL":    func(r *Record) { r.Text[len(r.Text)-1]++ },
	}
	g := recorded(t)
	digest, sum := g.Digest(), g.SHA256()
	for what, change := range changes {
		g := recorded(t)
		change(g.Record)
		if g.Digest() == digest || g.SHA256() == sum {
			t.Errorf("a changed %s does not change the digests", what)
		}
	}
}

func TestRecordsThatDoNotFitAreRefused(t *testing.T) {
	for want, change := range map[string]func(*Graph, *Record){
		"not one of 5 pages":       func(_ *Graph, r *Record) { r.Waits = r.Waits[1:] },
		"does not end after":       func(_ *Graph, r *Record) { r.Ends[1] = r.Ends[0] },
		"bytes, of":                func(_ *Graph, r *Record) { r.Text = append(r.Text, 'x') },
		"invalid URL":              func(_ *Graph, r *Record) { r.Text[20] = '\n' },
		"invalid URL \"ftps://":    func(_ *Graph, r *Record) { copy(r.Text, "ftps://") },
		"two blocks":               func(_ *Graph, r *Record) { r.setURL(4, []byte("https://a.example/x")) },
		"not on its host":          func(g *Graph, _ *Record) { g.Hosts = []uint32{0, 3} },
		"pages 0 and 2 have the s": func(_ *Graph, r *Record) { r.setURL(2, r.url(0)) },
	} {
		g := recorded(t)
		r := g.Record
		change(g, r)
		if err := g.SetRecord(r); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}

// setURL changes the URL of a page.
func (r *Record) setURL(page uint32, url []byte) {
	var text []byte
	var ends []uint64
	for p := range uint32(len(r.Ends)) {
		if p == page {
			text = append(text, url...)
		} else {
			text = append(text, r.url(p)...)
		}
		ends = append(ends, uint64(len(text)))
	}
	r.Text, r.Ends = text, ends
}

// No byte of a file may change, and none may be missing or follow.
func TestDamagedGraphFilesAreRefused(t *testing.T) {
	_, content := file(t, recorded(t))
	read := func(content []byte) error {
		_, err := decodeRecorded(t.Context(), bytes.NewReader(content), int64(len(content)))
		return err
	}
	if err := read(content); err != nil {
		t.Fatal(err)
	}
	for i := range content {
		for _, bit := range []byte{1, 0x80} {
			damaged := bytes.Clone(content)
			damaged[i] ^= bit
			if read(damaged) == nil {
				t.Errorf("a flipped bit of byte %d is accepted", i)
			}
		}
		if read(content[:i]) == nil {
			t.Errorf("the first %d bytes are accepted", i)
		}
	}
	if read(append(bytes.Clone(content), 0)) == nil {
		t.Error("a byte more is accepted")
	}
}

func TestGraphFilesAreToldFromOthers(t *testing.T) {
	path, content := file(t, recorded(t))
	_, err := Build(t.Context(), Spec{Kind: "edges", File: path}, 0)
	wantError(t, "as edges", err, `is a graph file of "crawlbench import": set kind = "file"`)
	_, err = readAs(t, Spec{Kind: "file"}, "0 1\n")
	wantError(t, "an edge list", err, `this is not a graph file of "crawlbench import"; it begins with ""`)
	_, err = readAs(t, Spec{Kind: "file"}, strings.Repeat("0 1\n", 100))
	wantError(t, "a long edge list", err, `it begins with "0 1\n0 1\n0 1\n0 1\n"`)
	_, err = readAs(t, Spec{Kind: "file"}, string(content[:len(content)-1]))
	wantError(t, "truncated", err, "truncated or damaged: import the crawl again")
	_, err = readAs(t, Spec{Kind: "file", Hosts: 3}, string(content))
	wantError(t, "hosts", err, "has no hosts")
	_, err = readAs(t, Spec{Kind: "edges"}, `{"url": "https://a/"}`)
	wantError(t, "JSON", err, "looks like JSON (crawlbench import makes a graph of a crawl in JSON lines)")
	_, err = readAs(t, Spec{Kind: "edges"}, "WARC/1.0\r\n")
	wantError(t, "WARC", err, "looks like a WARC file (crawlbench import makes a graph of it)")
	if _, err := Build(t.Context(), Spec{Kind: "file", File: path}, 100); err == nil ||
		!strings.Contains(err.Error(), "of memory") {
		t.Errorf("with 100 bytes of memory: %v", err)
	}
}

// A write that is cancelled ends with the cause.
func TestAWriteOfAGraphCanBeCancelled(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	cause := errors.New("interrupt signal")
	cancel(cause)
	if err := WriteRecorded(ctx, new(bytes.Buffer), recorded(t)); !errors.Is(err, cause) {
		t.Errorf("error %v, want %v", err, cause)
	}
}

func TestHostOfAURL(t *testing.T) {
	for url, want := range map[string]string{
		"https://a.example/x": "a.example", "http://a.example:81": "a.example:81", "https://u:p@b/": "b",
		"https://a.example?x@y": "a.example", "ftp://a/": "", "https:///x": "", "": "", "a.example/x": "",
	} {
		if got := HostOf(url); got != want {
			t.Errorf("%s is on %q, want %q", url, got, want)
		}
	}
}

// URLs that are chosen to have the same hash value would take quadratic time.
func TestManyURLsAreIndexedInLinearTime(t *testing.T) {
	const pages = 20_000
	g := &Graph{Offsets: make([]uint64, pages+1), Hosts: []uint32{0}}
	r := &Record{Sizes: make([]uint64, pages), Waits: make([]uint32, pages), Status: make([]int16, pages)}
	for p := range pages {
		r.Text = fmt.Appendf(r.Text, "https://a.example/%d", p)
		r.Ends = append(r.Ends, uint64(len(r.Text)))
	}
	if err := g.SetRecord(r); err != nil {
		t.Fatal(err)
	}
	for p := range uint32(pages) {
		if got, ok := g.PageOf(g.URL(p)); !ok || got != p {
			t.Fatalf("%s: page %d, %v, want %d", g.URL(p), got, ok, p)
		}
	}
}

func FuzzReadRecorded(f *testing.F) {
	_, content := file(f, recorded(f))
	f.Add(content)
	f.Add(content[:40])
	f.Fuzz(func(t *testing.T, content []byte) {
		for _, content := range [][]byte{content, resummed(content)} {
			r, err := decodeRecorded(t.Context(), bytes.NewReader(content), int64(len(content)))
			if err != nil {
				continue
			}
			g, err := r.start(Spec{})
			if err != nil {
				t.Fatal(err)
			}
			for p := range uint32(g.Pages() + 2) {
				if got, ok := g.PageOf(g.URL(p)); ok != (int(p) < g.Pages()) || ok && got != p {
					t.Fatalf("%s: page %d, %v, want %d", g.URL(p), got, ok, p)
				}
			}
			Walk(g, g.Record.Failed)
		}
	})
}

// resummed returns content with the right checksum at its end.
func resummed(content []byte) []byte {
	if len(content) < 4 {
		return content
	}
	body := content[:len(content)-4]
	sum := bodySum(body)
	return append(bytes.Clone(body), byte(sum), byte(sum>>8), byte(sum>>16), byte(sum>>24))
}
