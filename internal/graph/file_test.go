//go:build unix

package graph

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/binary"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sort"
	"strings"
	"syscall"
	"testing"
	"time"
	"unicode/utf16"
)

// readAs builds the graph of s from a file x with the given text.
func readAs(t testing.TB, s Spec, text string) (*Graph, error) {
	t.Helper()
	s.File = filepath.Join(t.TempDir(), "x")
	if err := os.WriteFile(s.File, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	return Build(context.Background(), s, 1<<30)
}

// shown writes a small graph and its notes as text.
func shown(g *Graph) string {
	if g == nil {
		return "no graph"
	}
	text := fmt.Sprintf("%d pages, start %d:", g.Pages(), g.Start)
	for p := range uint32(g.Pages()) {
		for _, q := range g.Out(p) {
			text += fmt.Sprintf(" %d>%d", p, q)
		}
	}
	return strings.Join(append([]string{text}, g.Notes...), "; ")
}

// wantError fails the test unless the error contains want; "" means no error.
func wantError(t testing.TB, what string, err error, want string) {
	t.Helper()
	if err == nil && want != "" || err != nil && (want == "" || !strings.Contains(err.Error(), want)) {
		t.Errorf("%.60q: error %v, want %q", what, err, want)
	}
}

func TestOtherFormatsAreNamed(t *testing.T) {
	utf16LE := []byte{0xff, 0xfe}
	for _, u := range utf16.Encode([]rune("0 1\n")) {
		utf16LE = binary.LittleEndian.AppendUint16(utf16LE, u)
	}
	for _, test := range []struct{ text, want string }{
		{"%%MatrixMarket matrix coordinate pattern general\n3 3 2\n1 2\n2 3\n",
			`x:1: looks like a Matrix Market file: want an edge list: set kind = "mtx"`},
		{"% sym unweighted\n1 2\n", `x:1: looks like a KONECT network: want an edge list: set kind = "konect"`},
		{"% asym\tpositive\r\n1 2\r\n", `set kind = "konect"`},
		{"% bip unweighted\n1 2\n", `set kind = "konect"`},
		{"c x\np sp 3 2\na 1 2 4\n", `x:1: looks like a DIMACS file: want an edge list: set kind = "dimacs"`},
		{"c\np edge 3 2\n", `set kind = "dimacs"`},
		{"p max 3 2\n", `set kind = "dimacs"`},
		{"\ufeff\nc x\n", `set kind = "dimacs"`},
		{"*Vertices 3\n1 \"a\"\n", "x:1: looks like a Pajek network: convert it"},
		{"graph [\n  node [\n", "GML"},
		{"Creator \"x\"\ngraph\n[\n", "GML"},
		{"<?xml version=\"1.0\"?>\n<graphml>", "GraphML"},
		{"<!DOCTYPE html>\n", "a web page"},
		{"digraph {\n 1 -> 2\n}", "Graphviz"},
		{"strict graph x {", "Graphviz"},
		{"{\"nodes\": []}", "JSON"},
		{"dl n=5\n", "UCINET"},
		{"AdjacencyGraph\n3\n2\n", "Ligra"},
		{"version https://git-lfs.github.com/spec/v1\noid sha256:1\n", "Git LFS"},
		{"#BVGraph properties\nnodes=3\n", `set kind = "bvgraph"`},
		{"BZh91AY", "is compressed with bzip2: decompress it: bunzip2 "},
		{"\xfd7zXZ\x00\x00", "is compressed with xz: decompress it: unxz "},
		{"\x28\xb5\x2f\xfd\x04", "is compressed with Zstandard: decompress it: unzstd "},
		{"PK\x03\x04\x14", "is a ZIP archive: extract it"},
		{"\x1f\x9d\x90", "is compressed with compress"},
		{string(utf16LE), "is text in UTF-16: convert it: iconv -f UTF-16 -t UTF-8"},
		{"\xfe\xff\x00", "is text in UTF-16"},
		{"0 1\r1 2\r", `x:1: lines end with CR only, as on an old Mac: convert it: tr '\r' '\n'`},
		{strings.Repeat("\x00", 257) + "ustar\x00", "is a tar archive"},
		{packed(packed("0 1\n")), "is compressed with gzip twice: decompress it once: gunzip "},
		{packed("% sym unweighted\n1 2\n"), `set kind = "konect"`},
		{packed("PK\x03\x04"), "is a ZIP archive"},
	} {
		_, err := readAs(t, Spec{Kind: "edges"}, test.text)
		wantError(t, test.text, err, test.want)
	}
	// The formats are recognised in the output of the real programs.
	for _, program := range []string{"bzip2", "xz", "zstd", "compress"} {
		cmd := exec.Command(program, "-c")
		cmd.Stdin = strings.NewReader("0 1\n")
		out, err := cmd.Output()
		if err != nil {
			t.Logf("%s is not tried: %v", program, err)
			continue
		}
		_, err = readAs(t, Spec{Kind: "edges"}, string(out))
		wantError(t, program, err, "is compressed with ")
	}
}

func TestGzip(t *testing.T) {
	text := strings.Repeat("0 1\n1 2\n", 3000)
	whole := packed(text)
	damaged := []byte(whole)
	damaged[len(damaged)-6] ^= 1 // in the checksum
	broken := []byte(whole)
	broken[12] ^= 0xff
	for _, test := range []struct{ name, file, want string }{
		{"whole", whole, ""},
		{"two members", packed("0 1\n1") + packed(" 2\n"), ""},
		{"an empty member", packed("") + packed("0 1\n") + packed(""), ""},
		{"many members", strings.Repeat(packed("0 1\n"), 700), ""},
		{"padded with zeros", whole + strings.Repeat("\x00", 512), ""},
		{"padded with something else", whole + "tail",
			"x: unexpected data after gzip member 1: the file is corrupt, or uncompressed data was appended: decompress it with gzip -dc, which drops that, or download it again (after line 6000)"},
		{"zeros, and then a member", whole + "\x00\x00" + whole, "unexpected data after gzip member 1"},
		{"damaged", string(damaged), "x: the gzip data is corrupt (gzip: invalid checksum): download the file again (after line 6000)"},
		{"broken", string(broken), "the gzip data is corrupt"},
		{"nothing packed", packed(""), "x: has no links"},
		{"not the method", "\x1f\x8b\x07" + whole[3:], "the gzip data is corrupt (gzip: invalid header)"},
	} {
		_, err := readAs(t, Spec{Kind: "edges"}, test.file)
		wantError(t, test.name, err, test.want)
	}
	for n := 2; n < len(whole); n++ {
		_, err := readAs(t, Spec{Kind: "edges"}, whole[:n])
		wantError(t, fmt.Sprintf("cut after %d bytes", n), err, "the gzip data is truncated: download the file again")
	}
}

// Anything but a regular file is refused at once, without waiting for a writer of a pipe.
func TestOnlyRegularFilesAreRead(t *testing.T) {
	dir := t.TempDir()
	pipe, link, gone := filepath.Join(dir, "pipe"), filepath.Join(dir, "link"), filepath.Join(dir, "gone")
	if err := syscall.Mkfifo(pipe, 0o666); err != nil {
		t.Skip(err)
	}
	os.Symlink(pipe, link)
	os.Symlink(filepath.Join(dir, "nothing"), gone)
	beside := filepath.Join(dir, "b.properties")
	if err := syscall.Mkfifo(beside, 0o666); err != nil {
		t.Fatal(err)
	}
	large := filepath.Join(dir, "large")
	if err := os.WriteFile(large, []byte("0 1\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(large, 1<<41); err != nil {
		t.Logf("a file of 2 TiB is not tried: %v", err)
		large = ""
	}
	for _, test := range []struct{ kind, file, want string }{
		{"edges", pipe, pipe + ": is not a regular file but a pipe, device or socket"},
		{"edges", link, ": is not a regular file but a pipe, device or socket"},
		{"edges", gone, "no such file"},
		{"edges", "/dev/zero", "/dev/zero: is not a regular file but a pipe, device or socket"},
		{"mtx", "/dev/null", "/dev/null: is not a regular file but a pipe, device or socket"},
		{"metis", dir, dir + ": is a directory: give the path of a file"},
		{"bvgraph", filepath.Join(dir, "b"), "b.properties: is not a regular file but a pipe, device or socket"},
		{"edges", large, "is 2048.0 GiB large: want at most 1024.0 GiB"},
	} {
		if test.file == "" {
			continue
		}
		done := make(chan error, 1)
		go func() {
			_, err := Build(context.Background(), Spec{Kind: test.kind, File: test.file}, 0)
			done <- err
		}()
		select {
		case err := <-done:
			wantError(t, test.file, err, test.want)
		case <-time.After(time.Minute):
			t.Fatalf("%s: still waiting", test.file)
		}
	}
}

// A small packed file may be a large graph. It is refused before the memory is allocated.
func TestMemoryIsCountedBeforeItIsTaken(t *testing.T) {
	var bomb bytes.Buffer
	z, _ := gzip.NewWriterLevel(&bomb, gzip.BestSpeed)
	chunk := bytes.Repeat([]byte("1 2\n"), 1<<18)
	// longer than the sample that the estimate reads
	z.Write(bytes.Repeat([]byte("# a comment that says nothing of what follows\n"), 1<<16))
	for range 64 {
		z.Write(chunk)
	}
	z.Close()
	const limit = 32 << 20
	for _, test := range []struct{ kind, packed string }{
		{"edges", bomb.String()},
		{"edges", packed("# Nodes: 4000000000 Edges: 1\n0 1\n")},
		{"konect", packed("% asym unweighted\n" + strings.Repeat("1 2\n", 1<<23))},
		{"konect", packed("% asym unweighted\n% 1 4000000000 4000000000\n1 2\n")},
		{"mtx", packed("%%MatrixMarket matrix coordinate pattern general\n2 2 1\n" + strings.Repeat("1 2\n", 1<<23))},
		{"mtx", packed("%%MatrixMarket matrix coordinate pattern general\n4000000000 4000000000 1\n1 2\n")},
		{"dimacs", packed("p sp 2 1\n" + strings.Repeat("a 1 2\n", 1<<23))},
		{"dimacs", packed("p sp 2 4000000000\n")},
		{"metis", packed("9 1\n" + strings.Repeat("1 ", 1<<23))},
		{"metis", packed("4000000000 0\n")},
	} {
		s := Spec{Kind: test.kind, File: filepath.Join(t.TempDir(), "x.gz")}
		if err := os.WriteFile(s.File, []byte(test.packed), 0o666); err != nil {
			t.Fatal(err)
		}
		runtime.GC()
		var err error
		peak := watchHeap(func() { _, err = Build(context.Background(), s, limit) })
		wantError(t, test.kind, err, "32.0 MiB are free")
		if peak > 3*limit/2 {
			t.Errorf("%s: of a file of %d bytes %s were taken before it was refused: %v", test.kind, len(test.packed),
				sizeText(peak), err)
		}
	}
}

// Building a graph takes no more memory than estimated, and succeeds with a limit slightly above what it takes.
func TestReadingTakesTheMemoryThatIsCounted(t *testing.T) {
	if testing.Short() {
		t.Skip("builds many graphs")
	}
	const pages, links = 1 << 15, 1 << 19
	for name, to := range map[string]func(draw *stream) (from, to uint64){
		"dense":       func(d *stream) (from, to uint64) { return d.below(pages), d.below(pages) },
		"in a bitmap": func(d *stream) (from, to uint64) { return 11 * d.below(pages), 11 * d.below(pages) },
		"sorted":      func(d *stream) (from, to uint64) { return 3001 * d.below(pages), 3001 * d.below(pages) },
		"far":         func(d *stream) (from, to uint64) { return d.below(pages) << 40, d.below(pages) << 40 },
		"few pages":   func(d *stream) (from, to uint64) { return d.below(3), d.below(3) },
		"a hub":       func(d *stream) (from, to uint64) { return 7, d.below(pages) },
	} {
		for _, s := range []Spec{{Kind: "edges"}, {Kind: "edges", Symmetric: true}} {
			if s.Symmetric && name != "dense" && name != "a hub" {
				continue
			}
			var text bytes.Buffer
			draw := newStream(1, 1)
			for range links {
				from, to := to(&draw)
				fmt.Fprintln(&text, from, to)
			}
			s.File = filepath.Join(t.TempDir(), "x")
			if err := os.WriteFile(s.File, text.Bytes(), 0o666); err != nil {
				t.Fatal(err)
			}
			text = bytes.Buffer{}
			// The smallest sufficient limit, to 1 MiB.
			least := sort.Search(32, func(mib int) bool {
				_, err := Build(context.Background(), s, int64(mib+1)<<20)
				return err == nil
			})
			need := int64(least+1) << 20
			peak := watchPeak(need, func() { build(t, s) })
			if peak > need+4*lineBuffer || need > 3*peak {
				t.Errorf("%s, symmetric %v: %s counted, %s taken", name, s.Symmetric, sizeText(need), sizeText(peak))
			}
		}
	}
}

func TestReadingEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	s := Spec{Kind: "edges", File: filepath.Join(t.TempDir(), "x")}
	if err := os.WriteFile(s.File, []byte("0 1\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := Build(ctx, s, 0); err != context.Canceled {
		t.Error(err)
	}
}
