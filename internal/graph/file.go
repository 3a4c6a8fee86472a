package graph

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"syscall"
)

// largestFile bounds the size of a file on disk.
const largestFile = 1 << 40

// openRegular opens a regular file and returns its size. Any other file is an error: reading a pipe
// may block forever, and a device may never end.
func openRegular(path string) (*os.File, int64, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0) // opening a pipe without a writer would block
	if err != nil {
		return nil, 0, err
	}
	info, err := f.Stat()
	switch {
	case err != nil:
	case info.IsDir():
		err = fmt.Errorf("%s: is a directory: give the path of a file", path)
	case !info.Mode().IsRegular():
		err = fmt.Errorf("%s: is not a regular file but a pipe, device or socket: copy its data to a regular file "+
			"and give that", path)
	case info.Size() > largestFile:
		err = fmt.Errorf("%s: is %s large: want at most %s", path, sizeText(info.Size()), sizeText(largestFile))
	}
	if err != nil {
		f.Close()
		return nil, 0, err
	}
	return f, info.Size(), nil
}

// readRegular reads a regular file of at most most bytes.
func readRegular(path string, most int64) ([]byte, error) {
	f, size, err := openRegular(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if size > most {
		return nil, fmt.Errorf("%s: is %s large: want at most %s", path, sizeText(size), sizeText(most))
	}
	data := make([]byte, size)
	_, err = io.ReadFull(f, data)
	return data, err
}

// textFile is a graph file in a text format, decompressed if necessary.
type textFile struct {
	*lines
	disk *os.File
	raw  *bufio.Reader // of disk
	size int64         // of disk
}

// openText opens a graph file in a text format. It returns an error if the beginning shows another format.
func openText(ctx context.Context, s Spec) (*textFile, error) {
	f, size, err := openRegular(s.File)
	if err != nil {
		return nil, err
	}
	t := &textFile{disk: f, size: size, raw: bufio.NewReaderSize(f, 1<<20)}
	if size == 0 { // files in /proc also have size 0
		err = fmt.Errorf("%s: has no links: the file is empty: download it again", s.File)
	} else {
		err = t.begin(ctx, s)
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return t, nil
}

// begin detects compression and checks the beginning of the file.
func (t *textFile) begin(ctx context.Context, s Spec) error {
	t.lines = newLines(ctx, s.File, t.raw)
	if head, _ := t.raw.Peek(len(gzipMagic)); bytes.Equal(head, gzipMagic) {
		t.lines.in = &members{in: t.raw}
	}
	for t.err == nil && !t.ended && t.end < 512 {
		t.fill()
	}
	if t.err != nil {
		return t.err
	}
	if bytes.HasPrefix(t.buf[:t.end], bom) {
		t.at = len(bom)
	}
	return refuse(t.buf[t.at:t.end], s)
}

// bom is the byte order mark that some editors write at the beginning of UTF-8 text.
var bom = []byte("\ufeff")

// taken returns how many bytes of the file on disk have been consumed.
func (t *textFile) taken() int64 {
	at, err := t.disk.Seek(0, io.SeekCurrent)
	if err != nil {
		return t.size
	}
	return at - int64(t.raw.Buffered())
}

func (t *textFile) close() { t.disk.Close() }
