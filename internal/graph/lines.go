package graph

import (
	"bytes"
	"context"
	"fmt"
	"io"
)

// lines reads a text file line by line.
type lines struct {
	ctx  context.Context
	file string // name, for errors
	in   io.Reader

	buf     []byte // buf[at:end] was read but not returned yet
	at, end int
	longest int // longest line accepted, in bytes
	ended   bool

	n    int    // number of the line, from 1
	line []byte // the line without its newline, valid until the next call of next
	open bool   // the line is the last and has no newline
	err  error  // why reading stopped, nil at the end of the file
}

const (
	lineBuffer  = 1 << 20
	longestLine = 1 << 20
)

func newLines(ctx context.Context, file string, in io.Reader) *lines {
	return &lines{ctx: ctx, file: file, in: in, buf: make([]byte, lineBuffer), longest: longestLine}
}

// next advances to the next line and reports whether there is one.
func (l *lines) next() bool {
	for l.err == nil {
		if i := bytes.IndexByte(l.buf[l.at:l.end], '\n'); i >= 0 {
			l.line = l.buf[l.at : l.at+i]
			l.at += i + 1
			l.n++
			return true
		}
		if l.ended {
			if l.at == l.end {
				return false
			}
			l.line, l.at = l.buf[l.at:l.end], l.end
			l.n++
			l.open = true
			return true
		}
		l.fill()
	}
	return false
}

// fill reads more of the file.
func (l *lines) fill() {
	if l.ctx.Err() != nil {
		l.err = context.Cause(l.ctx)
		return
	}
	l.end = copy(l.buf, l.buf[l.at:l.end])
	l.at = 0
	if l.end > l.longest {
		l.n++
		l.err = l.wrong("the line is longer than %s: want a text file with a link a line", sizeText(int64(l.longest)))
		return
	}
	if l.end == len(l.buf) {
		l.buf = append(l.buf, make([]byte, len(l.buf))...)
	}
	n, err := l.in.Read(l.buf[l.end:])
	l.end += n
	switch {
	case err == io.EOF:
		l.ended = true
	case err != nil: // the last line may be incomplete and must not be parsed
		l.err = fmt.Errorf("%s: %w (after line %d)", l.file, err, l.n+bytes.Count(l.buf[:l.end], []byte{'\n'}))
	}
}

// wrong returns an error about the current line.
func (l *lines) wrong(format string, args ...any) error {
	return l.wrongAt(max(1, l.n), format, args...)
}

// wrongAt returns an error about the line with the given number.
func (l *lines) wrongAt(line int, format string, args ...any) error {
	return fmt.Errorf("%s:%d: %w", l.file, line, fmt.Errorf(format, args...))
}
