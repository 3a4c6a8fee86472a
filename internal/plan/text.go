package plan

import (
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"os"
	"unicode/utf8"
)

// maxSize bounds a scenario file in bytes. The embedded ones have at most 3,000.
const maxSize = 1 << 20

// readFile returns the content of a scenario file. It does not read FIFOs or devices, which may never end.
func readFile(name string) ([]byte, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, fmt.Errorf("read the scenario: %w", err)
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("read the scenario %s: it is %s: give the path of a regular file",
			name, fileType(info.Mode()))
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("read the scenario: %w", err)
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxSize+1))
	if err != nil {
		return nil, fmt.Errorf("read the scenario: %w", err)
	}
	if len(text) > maxSize {
		return nil, fmt.Errorf("read the scenario %s: it has more than %d bytes: a scenario is text of a few kB",
			name, maxSize)
	}
	return text, nil
}

// fileType names the type of a file that is not regular.
func fileType(m fs.FileMode) string {
	switch {
	case m.IsDir():
		return "a directory"
	case m&fs.ModeNamedPipe != 0:
		return "a pipe"
	case m&fs.ModeDevice != 0:
		return "a device"
	}
	return "not a regular file"
}

// mark is the byte order mark that some editors put before UTF-8.
const mark = "\ufeff"

// unreadable returns an error about the encoding of text, nil if it is valid. TOML is UTF-8 with
// lines that end in LF or CRLF.
func unreadable(file string, text []byte) *Error {
	at := func(i int, format string, args ...any) *Error {
		line := bytes.Count(text[:i], []byte("\n"))
		begin := bytes.LastIndexByte(text[:i], '\n') + 1
		return &Error{File: file, Line: line + 1, Col: i - begin + 1, Msg: fmt.Sprintf(format, args...)}
	}
	for _, begin := range []string{"\xff\xfe", "\xfe\xff"} {
		if bytes.HasPrefix(text, []byte(begin)) {
			return at(0, "the file is UTF-16: save it as UTF-8")
		}
	}
	if i := bytes.IndexByte(text, 0); i >= 0 {
		return at(i, "there is a NUL byte: the file is UTF-16 or not text; save it as UTF-8")
	}
	for i := 0; i < len(text); {
		r, n := utf8.DecodeRune(text[i:])
		if r == utf8.RuneError && n == 1 {
			return at(i, "the byte 0x%02x is not UTF-8: save the file as UTF-8", text[i])
		}
		if r == '\r' && (i+1 == len(text) || text[i+1] != '\n') {
			return at(i, "a carriage return without a line feed: save the file with the line ends of Unix or Windows")
		}
		i += n
	}
	return nil
}
