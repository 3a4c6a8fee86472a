package plain

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

func TestTextEscapesUnsafeCharacters(t *testing.T) {
	for in, want := range map[string]string{
		"":                       "",
		"±14 % │ µs 日本 ‹é›\n\tx": "±14 % │ µs 日本 ‹é›\n\tx",
		"\x1b[2J":                `\x1b[2J`,
		"\x00\r\x7f":             `\x00\x0d\x7f`,
		"\u009b31m":              `\u009b31m`, // the C1 form of ESC [
		"a\u202eb\u200bc\ufeff":  `a\u202eb\u200bc\ufeff`,
		"\u2028\u2029\u00ad":     `\u2028\u2029\u00ad`,
		"\U000e0041":             `\U000e0041`, // a tag, which no font shows
		"\xff\xc3":               `\xff\xc3`,
		"\ufffd":                 "\ufffd", // a real replacement character
		"a\u00a0b":               "a\u00a0b",
	} {
		if got := Text(in); got != want {
			t.Errorf("Text(%q) = %q, want %q", in, got, want)
		}
	}
	if got := Line("a\r\nb\tc\nd\x1b"); got != `a b c d\x1b` {
		t.Errorf("Line: %q", got)
	}
}

// A Writer gives the same text however its input is split.
func TestWriterKeepsCharactersTogether(t *testing.T) {
	const text = "±日本\x1b[0m\u202e\xffé\xe6\x97"
	for size := 1; size <= len(text); size++ {
		var out bytes.Buffer
		w := NewWriter(&out)
		for rest := text; rest != ""; {
			n := min(size, len(rest))
			if wrote, err := w.Write([]byte(rest[:n])); err != nil || wrote != n {
				t.Fatal(wrote, err)
			}
			rest = rest[n:]
		}
		if err := w.Flush(); err != nil || out.String() != Text(text) {
			t.Errorf("split into %d bytes: %q, %v", size, &out, err)
		}
	}
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("disk full") }

func TestWriterPassesErrorsOn(t *testing.T) {
	if _, err := NewWriter(full{}).Write([]byte("x")); err == nil {
		t.Error("no error")
	}
}

func FuzzText(f *testing.F) {
	f.Add("a\x1b[31m\u202e\xff")
	f.Fuzz(func(t *testing.T, s string) {
		got := Text(s)
		if !utf8.ValidString(got) || strings.ContainsFunc(got, func(r rune) bool {
			return r != '\n' && r != '\t' && (unicode.IsControl(r) || unicode.Is(unicode.Cf, r))
		}) {
			t.Errorf("Text(%q) = %q is not safe", s, got)
		}
		if Text(got) != got {
			t.Errorf("Text(%q) changes its input", got)
		}
	})
}
