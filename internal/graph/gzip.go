package graph

import (
	"bufio"
	"compress/flate"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
)

var gzipMagic = []byte{0x1f, 0x8b}

// members decompresses a gzip file of one or more members. It ignores zeros after the last one, as
// gzip(1) does.
type members struct {
	in *bufio.Reader
	z  *gzip.Reader
	n  int // members started
}

func (m *members) Read(p []byte) (int, error) {
	for {
		if m.z != nil {
			n, err := m.z.Read(p)
			if err != io.EOF {
				return n, explain(err)
			}
			if n > 0 {
				return n, nil
			}
		}
		if err := m.next(); err != nil {
			return 0, err
		}
	}
}

// next starts the next member. It returns io.EOF if there is none.
func (m *members) next() (err error) {
	if m.n > 0 {
		padded, err := m.padding()
		if err != nil {
			return err
		}
		if head, _ := m.in.Peek(2); padded || len(head) == 2 && string(head) != string(gzipMagic) {
			return fmt.Errorf("unexpected data after gzip member %d: the file is corrupt, or uncompressed data "+
				"was appended: decompress it with gzip -dc, which drops that, or download it again", m.n)
		}
		err = m.z.Reset(m.in)
		m.n++
		m.z.Multistream(false)
		return explain(err)
	}
	m.n++
	if m.z, err = gzip.NewReader(m.in); err != nil {
		return explain(err)
	}
	m.z.Multistream(false)
	return nil
}

// padding skips zeros. It returns io.EOF if nothing follows them.
func (m *members) padding() (padded bool, err error) {
	for {
		c, err := m.in.ReadByte()
		if err != nil {
			return padded, err
		}
		if c != 0 {
			return padded, m.in.UnreadByte()
		}
		padded = true
	}
}

// explain translates an error of package gzip.
func explain(err error) error {
	var corrupt flate.CorruptInputError
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF):
		return errors.New("the gzip data is truncated: download the file again")
	case errors.Is(err, gzip.ErrChecksum), errors.Is(err, gzip.ErrHeader), errors.As(err, &corrupt):
		return fmt.Errorf("the gzip data is corrupt (%w): download the file again", err)
	}
	return err
}
