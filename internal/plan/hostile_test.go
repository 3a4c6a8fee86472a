//go:build unix

package plan_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"unicode/utf16"

	"crawlbench/internal/plan"
)

// wide returns text in UTF-16.
func wide(text string, order binary.AppendByteOrder) string {
	var b []byte
	for _, u := range utf16.Encode([]rune(text)) {
		b = order.AppendUint16(b, u)
	}
	return string(b)
}

// A byte order mark and CRLF are accepted; another encoding is named, with a position.
func TestEncodings(t *testing.T) {
	crlf := strings.ReplaceAll("rounds = 7\n"+aGraph, "\n", "\r\n")
	for _, text := range []string{"\ufeffrounds = 7\n" + aGraph, crlf, "\ufeff" + crlf} {
		if s, err := plan.Parse("x.toml", []byte(text)); err != nil || s.Rounds != 7 || s.Text != text {
			t.Errorf("%q: %v", text, err)
		}
	}
	for _, test := range []struct {
		text, says string
		line, col  int
	}{
		{wide("\ufeffrounds = 7\n"+aGraph, binary.LittleEndian), "UTF-16: save it as UTF-8", 1, 1},
		{wide("\ufeffrounds = 7\n"+aGraph, binary.BigEndian), "UTF-16: save it as UTF-8", 1, 1},
		{wide("rounds = 7\n"+aGraph, binary.LittleEndian), "UTF-16 or not text", 1, 2},
		{wide("rounds = 7\n"+aGraph, binary.BigEndian), "UTF-16 or not text", 1, 1},
		{aGraph + "doc = \"\x00\"", "NUL byte", 5, 8},
		{aGraph + "# caf\xe9", "0xe9 is not UTF-8", 5, 6},
		{"\ufeff# \xff\n" + aGraph, "0xff is not UTF-8", 1, 3},
		{"\ufeff\ufeff" + aGraph, "invalid character", 1, 1},
		{strings.ReplaceAll(aGraph, "\n", "\r"), "a carriage return without a line feed", 1, 10},
		{aGraph + "rounds = 7\r", "a carriage return without a line feed", 5, 11},
	} {
		_, err := plan.Parse("x.toml", []byte(test.text))
		var es plan.Errors
		if !errors.As(err, &es) || len(es) != 1 || !strings.Contains(es[0].Msg, test.says) || es[0].Line != test.line ||
			es[0].Col != test.col {
			t.Errorf("%q: %v, want %d:%d %s", test.text, err, test.line, test.col, test.says)
		}
	}
}

// The errors of a file of any size fit on a screen.
func TestTooMuch(t *testing.T) {
	many := func(n int, format string) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, format, i)
		}
		return b.String()
	}
	long := strings.Repeat("x", 900_000)
	for name, test := range map[string]struct{ text, says string }{
		"keys":   {many(100_000, "k%d=1\n"), "more than 10000 keys and tables"},
		"tables": {many(100_000, "[t%d]\n"), "more than 10000 keys and tables"},
		"arrays": {many(100_000, "[[a]]\n#%d\n"), "more than 10000 keys and tables"},
		"graphs": {many(20_000, "[[graph]]\nname=\"g%d\"\nkind=\"star\"\npages=9\n"),
			"more than 10000 keys and tables"},
		"inline table":  {"a = {" + many(100_000, "k%d=1,") + "z=1}\n", "more than 10000 keys and tables"},
		"inline tables": {"a = [" + many(100_000, "{k=%d},") + "]\n", "more than 10000 keys and tables"},
		"dotted key":    {strings.Repeat("a.", 400_000) + "a = 1\n", "more than 10000 keys and tables"},
		"dotted table":  {"[" + strings.Repeat("a.", 400_000) + "a]\n", "more than 10000 keys and tables"},
		"nested arrays": {"a = " + strings.Repeat("[", 400_000), "levels deep"},
		"nested tables": {"a = " + strings.Repeat("{a=", 300_000), "levels deep"},
		"same values":   {"workers = [" + strings.Repeat("1,", 400_000) + "]\n", "and 399979 more errors"},
		"wrong values":  {"workers = [" + many(100_000, "0,%d.5,") + "]\n", "more errors"},
		"other values":  {"rate = [" + many(100_000, "\"%d\",") + "]\n", "and 99980 more errors"},
		"long key":      {long + " = 1\n", "no such key"},
		"long text":     {"baseline = \"" + long + "\"\n", "invalid name"},
		"long name": {"[[graph]]\nname = \"" + long + "\"\nkind = \"star\"\npages = 9\n",
			": want up to 64 letters"},
		"long kind":      {"[[graph]]\nname = \"g\"\nkind = \"" + long + "\"\n", "graph[0].kind"},
		"long duration":  {"sample = \"" + long + "\"\n", "invalid time"},
		"long size":      {"memory = \"" + long + "\"\n", "invalid size"},
		"long variable":  {"[[graph]]\nname = \"g\"\nkind = \"edges\"\nfile = \"$" + long + "\"\n", "is not set"},
		"long number":    {"rounds = " + strings.Repeat("9", 900_000) + "\n", "x.toml:1:10"},
		"long line":      {"a = \"" + long + "\"; b\n", "x.toml:1:"},
		"long name, few": {"rounds = 0 #" + long + "\n", "must lie between 1 and 10000"},
		"wrong keys":     {many(9_000, "k%d=1\n"), "and 8980 more errors"},
	} {
		_, err := plan.Parse("x.toml",
			[]byte(test.text+"\n"+strings.Repeat(aGraph, min(1, strings.Count(test.text, "graph")^1))))
		if err == nil || !strings.Contains(err.Error(), test.says) || !strings.HasPrefix(err.Error(), "x.toml:") {
			t.Errorf("%s: it does not say %q: %.300v", name, test.says, err)
		}
		if err != nil && len(err.Error()) > 20_000 {
			t.Errorf("%s: an error of %d bytes", name, len(err.Error()))
		}
	}
}

func TestPlacesFarIntoALine(t *testing.T) {
	_, err := plan.Parse("x.toml", []byte("workers = ["+strings.Repeat("1, ", 100)+"0]\n"+aGraph))
	lines := strings.Split(err.Error(), "\n")
	last := lines[len(lines)-5:] // the context of the twentieth error
	if !strings.HasSuffix(last[len(last)-1], "more errors") {
		t.Fatalf("%q", lines)
	}
	_, err = plan.Parse("x.toml", []byte("doc = \""+strings.Repeat("é", 150)+"\"\t; x\n"+aGraph))
	lines = strings.Split(err.Error(), "\n")
	source, caret := []rune(lines[1]), []rune(lines[2])
	if len(lines) != 3 || source[4] != '…' || len(caret) > len(source) || source[len(caret)-1] != ';' {
		t.Errorf("%q", lines)
	}
}

func TestDollarsInPaths(t *testing.T) {
	t.Setenv("CRAWLBENCH_DIR", "/data")
	for file, want := range map[string]string{
		"cost$$5.el":                      "dir/cost$5.el",
		"$$CRAWLBENCH_DIR/$$$$":           "dir/$CRAWLBENCH_DIR/$$",
		"$CRAWLBENCH_DIR/a":               "/data/a",
		"${CRAWLBENCH_DIR}a":              "/dataa",
		"$$${CRAWLBENCH_DIR}":             "dir/$/data",
		"cost$.el":                        "dir/cost$.el",
		"cost$":                           "dir/cost$",
		"a$-b$(c)$é":                      "dir/a$-b$(c)$é",
		`C:\\$$RECYCLE.BIN\\a`:            `dir/C:\$RECYCLE.BIN\a`,
		"CRAWLBENCH_DIR}":                 "dir/CRAWLBENCH_DIR}",
		"/$CRAWLBENCH_DIR/../b/./c//d.el": "//data/../b/./c//d.el",
	} {
		if s := parse(t, "[[graph]]\nname = \"g\"\nkind = \"edges\"\nfile = \""+file+
			"\"\n"); s.Graphs[0].Spec.File != want {
			t.Errorf("%s is %s, want %s", file, s.Graphs[0].Spec.File, want)
		}
	}
	for file, says := range map[string]string{
		"cost$5.el":                 "the environment variable 5 is not set: set it to the directory of the file, or write the path, with $$ for a dollar sign",
		"$CRAWLBENCH_NOT_SET/a":     "CRAWLBENCH_NOT_SET is not set",
		`C:\\$RECYCLE.BIN\\a`:       "RECYCLE is not set",
		"${CRAWLBENCH_DIR":          `"${CRAWLBENCH_DIR" is not ${NAME}: write that for an environment variable, and $$ for a dollar sign`,
		"${}/a":                     `"${}" is not ${NAME}`,
		"${CRAWLBENCH_DIR:-/tmp}/a": "the environment variable CRAWLBENCH_DIR:-/tmp is not set",
	} {
		_, err := plan.Parse("x.toml", []byte("[[graph]]\nname = \"g\"\nkind = \"edges\"\nfile = \""+file+"\"\n"))
		if err == nil || !strings.Contains(err.Error(), says) ||
			!strings.Contains(err.Error(), "x.toml:4:8: graph[0].file: ") {
			t.Errorf("%s: %v", file, err)
		}
	}
}

func TestOnlyRegularFilesAreRead(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(syscall.Mkfifo(at("fifo.toml"), 0o666))
	must(os.Mkdir(at("dir.toml"), 0o777))
	must(os.Symlink("loop.toml", at("loop.toml")))
	must(os.Symlink("/dev/zero", at("zero.toml")))
	must(os.Symlink("nothing.toml", at("dangling.toml")))
	must(os.WriteFile(at("real.toml"), []byte(aGraph), 0o666))
	must(os.Symlink("real.toml", at("link.toml")))
	must(os.WriteFile(at("sparse.toml"), nil, 0o666))
	must(os.Truncate(at("sparse.toml"), 1<<40))
	must(os.WriteFile(at("large.toml"), []byte(aGraph+"#"+strings.Repeat("x", 1<<20)), 0o666))
	for name, says := range map[string]string{
		at("fifo.toml"): "it is a pipe", at("dir.toml"): "it is a directory", dir + "/": "it is a directory",
		at("loop.toml"): "too many levels of symbolic links",
		at("zero.toml"): "it is a device", "/dev/null": "it is a device", "/dev/zero": "it is a device",
		at("dangling.toml"): "no such file",
		at("sparse.toml"):   "more than 1048576 bytes", at("large.toml"): "more than 1048576 bytes", at("real.toml") +
			"/": "not a directory", at("a\x00b.toml"): "invalid argument",
	} {
		if _, err := plan.Load(name); err == nil || !strings.Contains(err.Error(), says) || len(err.Error()) > 400 {
			t.Errorf("%s: %v, want %q", name, err, says)
		}
	}
	if s, err := plan.Load(at("link.toml")); err != nil || s.Name != "link" {
		t.Errorf("a symbolic link to a scenario: %v", err)
	}
}

func FuzzValues(f *testing.F) {
	for _, s := range []string{"", "inf", "4x", "1e9", "0.001", "9223372036854775808x", "!a", "*", "1,2", "-1", "NaN",
		"0x10", "18446744073709551615", "bucket", "\u202e", strings.Repeat("9", 500)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		names, errNames := plan.ParseNames(s)
		counts, errCounts := plan.ParseCounts(s)
		rates, errRates := plan.ParseRates(s)
		_, errLimiters := plan.ParseLimiters(s, []string{"bucket"})
		_, errSeed := plan.ParseSeed(s)
		for _, err := range []error{errNames, errCounts, errRates, errLimiters, errSeed} {
			if err != nil && len(err.Error()) > 1000 {
				t.Errorf("%.100q: an error of %d bytes", s, len(err.Error()))
			}
		}
		for _, c := range counts {
			if n := c.Resolve(2); n < 1 || n > 2<<16 {
				t.Errorf("%q gives the count %v", s, c)
			}
		}
		for _, r := range rates {
			text, err := r.MarshalText()
			var back plan.Rate
			if err != nil || back.UnmarshalText(text) != nil || back != r || !(r >= 0 && r <= 1e9) {
				t.Errorf("%q gives the rate %v, which is read back as %v", s, r, back)
			}
		}
		for _, n := range names {
			if strings.ContainsAny(n, "/ ,\x1b\n") || len(n) > 65 {
				t.Errorf("%q gives the name %q", s, n)
			}
		}
	})
}
