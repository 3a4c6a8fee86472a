package importer

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"strings"
	"testing"
)

// zipped compresses each part into a gzip member of its own.
func zipped(parts ...string) string {
	var b bytes.Buffer
	z, _ := gzip.NewWriterLevel(&b, gzip.BestSpeed)
	for _, part := range parts {
		z.Reset(&b)
		z.Write([]byte(part))
		z.Close()
	}
	return b.String()
}

// line returns a JSON line.
func line(n int) string { return fmt.Sprintf("{\"url\": \"https://a.example/%d\"}\n", n) }

// Of a file that is damaged, the rest is read, and the damage is counted once.
func TestDamagedGzipFiles(t *testing.T) {
	var long strings.Builder
	for i := range 20_000 {
		long.WriteString(line(i))
	}
	second := zipped(line(1))
	corrupt := []byte(zipped(strings.Repeat(line(1), 50)))
	corrupt[len(corrupt)-8] ^= 1 // of the checksum
	header := []byte(second)
	header[3] = 0xff // reserved flags
	for _, test := range []struct {
		what, content string
		pages         int
		broken        string
	}{
		{"whole", zipped(line(0), line(1)), 2, ""},
		{"padded with zeros", zipped(line(0)) + strings.Repeat("\x00", 1000), 1, ""},
		{"data appended", zipped(line(0)) + "more", 1, "unexpected data after the last gzip member"},
		{"data between", zipped(line(0)) + "more" + second, 2, "unexpected data between gzip members"},
		{"the last member cut", zipped(line(0)) + second[:len(second)-20], 1, "truncated"},
		{"its checksum cut", zipped(line(0)) + second[:len(second)-4], 2, "truncated"},
		{"a member cut, another follows", second[:len(second)-6] + zipped(line(2)), 2, "the gzip data is"},
		{"a wrong checksum", string(corrupt) + zipped(line(2)), 2, "corrupt"},
		{"a wrong header", zipped(line(0)) + string(header) + zipped(line(2)), 2, "the gzip data is"},
	} {
		g, rep := imported(t, test.content, all)
		fetched := 0
		for _, status := range g.Record.Status {
			if status == 200 {
				fetched++
			}
		}
		count := min(1, len(test.broken))
		if fetched != test.pages || rep.Broken != count || !strings.Contains(strings.Join(rep.First, ""), test.broken) {
			t.Errorf("%s: %d pages, %d broken: %q; want %d, %q", test.what, fetched, rep.Broken, rep.First, test.pages,
				test.broken)
		}
	}
	cut := zipped(long.String())
	_, rep := imported(t, cut[:len(cut)/2], all)
	if rep.Broken != 1 || rep.Fetched < 5000 || rep.Fetched > 15_000 || !strings.Contains(rep.First[0], "truncated") {
		t.Errorf("half of a file: %d pages, broken %q", rep.Fetched, rep.First)
	}
}

func FuzzGzip(f *testing.F) {
	f.Add(zipped(line(1), line(2)))
	f.Add(zipped(line(1)) + "x" + zipped(line(2)))
	f.Fuzz(func(t *testing.T, content string) {
		if !strings.HasPrefix(content, gzipMagic) {
			content = gzipMagic + content
		}
		fuzzed(t, "jsonl", content)
	})
}
