package importer

import (
	"compress/flate"
	"compress/gzip"
	"errors"
	"io"
)

const gzipMagic = "\x1f\x8b\x08"

// members decompresses a gzip file of one or more members. After a truncated or corrupt member it returns one damage,
// and continues with the next member that it finds.
type members struct {
	in   *window
	z    *gzip.Reader
	open bool // a member is being read
	lost bool // a damage was returned since the last member began
}

func (m *members) Read(p []byte) (int, error) {
	for {
		if !m.open {
			if err := m.next(); err != nil {
				return 0, err
			}
		}
		n, err := m.z.Read(p)
		switch {
		case err == io.EOF:
			m.open = false
			if n == 0 {
				continue
			}
		case err != nil:
			return n, m.damaged(err)
		}
		return n, nil
	}
}

// next begins the next member. Its error is io.EOF if there is none, or a damage if something else was before it.
func (m *members) next() error {
	for skipped := 0; ; {
		head, err := m.in.peek(len(gzipMagic))
		switch {
		case string(head) == gzipMagic:
			return m.begin(skipped > 0)
		case err != nil:
			return err
		case len(head) == 0 && skipped > 0 && !m.lost:
			m.lost = true
			return &damage{"unexpected data after the last gzip member"}
		case len(head) == 0:
			return io.EOF
		case head[0] != 0: // zeros pad a file, as on tapes
			skipped++
		}
		m.in.at++
	}
}

// begin begins the member at the position of the input.
func (m *members) begin(skipped bool) (err error) {
	m.in.mark = m.in.at
	if m.z == nil {
		m.z, err = gzip.NewReader(m.in)
	} else {
		err = m.z.Reset(m.in)
	}
	if err != nil {
		return m.damaged(err)
	}
	m.z.Multistream(false)
	report := skipped && !m.lost
	m.open, m.lost = true, false
	if report {
		return &damage{"unexpected data between gzip members"}
	}
	return nil
}

// damaged converts an error of package gzip about its input into a damage, and goes back to where the next member may
// begin, since data taken for the rest of this one may belong to others. It returns errors of reading unchanged.
func (m *members) damaged(err error) error {
	what := ""
	var corrupt flate.CorruptInputError
	switch {
	case m.in.err != nil && m.in.err != io.EOF:
		return m.in.err
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		what = "the gzip data is truncated"
	case errors.Is(err, gzip.ErrChecksum), errors.Is(err, gzip.ErrHeader), errors.As(err, &corrupt):
		what = "the gzip data is corrupt: " + err.Error()
	default:
		return err
	}
	m.open, m.lost = false, true
	m.in.at = min(m.in.mark+1, m.in.at)
	return &damage{what}
}

// window is a buffered reader that can go back.
type window struct {
	from io.Reader
	buf  []byte
	at   int // next byte of buf
	mark int // byte of buf to which it can go back
	err  error
}

// rewindable is the least distance that a window can go back. A decoder notices within a few kilobytes that it reads a
// wrong stream.
const rewindable = 1 << 20

// peek returns the next bytes, n if there are as many. The error is not io.EOF.
func (w *window) peek(n int) ([]byte, error) {
	for len(w.buf)-w.at < n && w.fill() {
	}
	if w.err != nil && w.err != io.EOF {
		return nil, w.err
	}
	return w.buf[w.at:min(w.at+n, len(w.buf))], nil
}

// fill reads more, and reports whether there is any.
func (w *window) fill() bool {
	if w.err != nil {
		return false
	}
	if len(w.buf)+detected > 2*rewindable {
		drop := min(w.at, max(w.mark, w.at-rewindable))
		w.buf = w.buf[:copy(w.buf, w.buf[drop:])]
		w.at -= drop
		w.mark = max(0, w.mark-drop)
	}
	if cap(w.buf)-len(w.buf) < detected {
		w.buf = append(make([]byte, 0, 2*cap(w.buf)+detected), w.buf...)
	}
	n, err := w.from.Read(w.buf[len(w.buf) : len(w.buf)+detected])
	w.buf = w.buf[:len(w.buf)+n]
	w.err = err
	return n > 0 || err == nil
}

// Read implements io.Reader.
func (w *window) Read(p []byte) (int, error) {
	if w.at == len(w.buf) && !w.fill() {
		return 0, w.err
	}
	n := copy(p, w.buf[w.at:])
	w.at += n
	return n, nil
}

// ReadByte implements io.ByteReader, so that package gzip reads no byte beyond the end of a member.
func (w *window) ReadByte() (byte, error) {
	for w.at == len(w.buf) {
		if !w.fill() {
			return 0, w.err
		}
	}
	w.at++
	return w.buf[w.at-1], nil
}
