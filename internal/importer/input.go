package importer

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"

	"crawlbench/internal/plain"
)

// input is the content of a source, decompressed if necessary. It counts lines and bytes, for messages.
type input struct {
	ctx    context.Context
	name   string
	size   int64 // bytes of the source; 0 if unknown
	taken  *taken
	in     *bufio.Reader
	zipped bool
	report *Report

	head   []byte // what decides on the format
	lines  int    // lines that were begun
	offset int64  // decompressed bytes that were consumed
	begin  int64  // offset of the last line
	binary bool   // positions are offsets, not lines
	buf    []byte
}

const (
	// longestLine is the longest line that is read; a page with a million links has about 100 MB.
	longestLine = 128 << 20
	// detected is how much of a file decides on its format.
	detected = 64 << 10
)

func newInput(ctx context.Context, s Source, from io.Reader, rep *Report) *input {
	t := &taken{ctx: ctx, from: from}
	in := &input{ctx: ctx, name: s.Name, size: s.Size, taken: t, in: bufio.NewReaderSize(t, detected), report: rep}
	var rest io.Reader = in.in
	if head, _ := in.in.Peek(len(gzipMagic)); string(head) == gzipMagic {
		in.zipped = true
		rest = &members{in: &window{from: in.in}}
	}
	head := make([]byte, detected)
	n, err := io.ReadFull(rest, head)
	if err == io.ErrUnexpectedEOF {
		err = io.EOF
	}
	in.head = head[:n]
	in.in = bufio.NewReaderSize(&begun{in.head, err, rest}, detected)
	return in
}

// begun is a reader whose head has been read, up to err if that is not nil.
type begun struct {
	head []byte
	err  error
	rest io.Reader
}

func (b *begun) Read(p []byte) (int, error) {
	if len(b.head) > 0 {
		n := copy(p, b.head)
		b.head = b.head[n:]
		return n, nil
	}
	if err := b.err; err != nil {
		b.err = nil
		return 0, err
	}
	return b.rest.Read(p)
}

// taken counts the bytes that were read, and ends with the context.
type taken struct {
	ctx  context.Context
	from io.Reader
	n    int64
}

func (t *taken) Read(p []byte) (int, error) {
	if t.ctx.Err() != nil {
		return 0, context.Cause(t.ctx)
	}
	n, err := t.from.Read(p)
	t.n += int64(n)
	return n, err
}

// damage is an error after which the rest of the input can be read.
type damage struct{ what string }

func (d *damage) Error() string { return d.what }

// where returns the position of the input, for messages.
func (in *input) where() string {
	if in.binary {
		return in.at(in.begin)
	}
	return fmt.Sprintf("%s:%d", in.name, max(1, in.lines))
}

// broken records that a record is broken.
func (in *input) broken(where, format string, args ...any) {
	in.report.broken(where + ": " + fmt.Sprintf(format, args...))
}

// at returns a position in bytes, for messages.
func (in *input) at(offset int64) string {
	if in.zipped {
		return fmt.Sprintf("%s: byte %d of its decompressed content", in.name, offset)
	}
	return fmt.Sprintf("%s: byte %d", in.name, offset)
}

// line returns the next line without its end, valid until the next call. It skips a line that is longer than most, and
// reports that as a broken record. It returns io.EOF at the end, or an error of reading. A damage is no error: it is
// reported, and the line that it cut is skipped.
func (in *input) line(most int) (line []byte, err error) {
	for {
		in.buf = in.buf[:0]
		in.lines++
		in.begin = in.offset
		long := false
		for err = bufio.ErrBufferFull; err == bufio.ErrBufferFull; {
			line, err = in.in.ReadSlice('\n')
			in.offset += int64(len(line))
			if long = long || len(in.buf)+len(line) > most; !long && (err == bufio.ErrBufferFull || len(in.buf) > 0) {
				in.buf = append(in.buf, line...)
				line = in.buf
			}
		}
		var d *damage
		switch {
		case errors.As(err, &d):
			in.broken(in.where(), "%v", d)
			continue
		case err != nil && err != io.EOF:
			return nil, err
		case long:
			in.broken(in.where(), "the line is longer than %s: want at most that: the file is damaged, or of another format",
				plain.Bytes(float64(most)))
			if err == nil {
				continue
			}
			return nil, err
		case err == io.EOF && len(line) == 0:
			in.lines--
			return nil, io.EOF
		}
		return bytes.TrimSuffix(bytes.TrimSuffix(line, []byte{'\n'}), []byte{'\r'}), nil
	}
}

// others is what cannot be read, as it begins after blanks and a byte order mark of UTF-8, with a remedy for each. FILE
// is the name of the file.
var others = []struct {
	is           func(head []byte) bool
	name, remedy string
}{
	{begins("\x28\xb5\x2f\xfd"), "compressed with Zstandard", "zstd -dc FILE | crawlbench import -"},
	{begins("BZh"), "compressed with bzip2", "bzip2 -dc FILE | crawlbench import -"},
	{begins("\xfd7zXZ\x00"), "compressed with xz", "xz -dc FILE | crawlbench import -"},
	{begins("PK\x03\x04"), "a ZIP archive, as WACZ is", "extract it and import the files in it"},
	{begins("\xff\xfe"), "text in UTF-16", "iconv -f UTF-16 -t UTF-8 FILE | crawlbench import -"},
	{begins("\xfe\xff"), "text in UTF-16", "iconv -f UTF-16 -t UTF-8 FILE | crawlbench import -"},
	{begins("filedesc://"), "ARC, the format before WARC", "convert it to WARC"},
	{begins("["), "a JSON array", "write its elements as lines: jq -c '.[]' FILE | crawlbench import -"},
	{regexp.MustCompile(`^\{\s*"log"\s*:\s*\{`).Match, "HAR, which has no links",
		"import its pages and times: jq -c '.log.entries[] | {url: .request.url, status: .response.status, " +
			"seconds: (.time / 1000)}' FILE | crawlbench import -"},
	{regexp.MustCompile(`^\{\s*[\r\n]`).Match, "JSON with objects of several lines",
		"write each on one: jq -c . FILE | crawlbench import -"},
	{begins("CDX "), "a CDX index, which has no links", "import the WARC files that it lists"},
	{begins("<"), "HTML or XML", "import the record of a crawl"},
	{begins("crawlbench cbg1\n"), "a graph that was imported already", "crawl it: crawlbench run -graph FILE"},
}

func begins(magic string) func([]byte) bool {
	return func(head []byte) bool { return bytes.HasPrefix(head, []byte(magic)) }
}

// other returns what it is that begins with head, if that is known and cannot be read, and a remedy.
func other(head []byte) (name, remedy string) {
	head = bytes.TrimLeft(head, " \t\r\n\ufeff")
	for _, o := range others {
		if o.is(head) {
			return o.name, o.remedy
		}
	}
	return "", ""
}

// format returns the format with a name, or if that is "" the one that the content shows.
func (in *input) format(name string) (Format, error) {
	head := in.head
	if len(bytes.TrimSpace(head)) == 0 {
		if _, err := in.in.Peek(1); err != nil && err != io.EOF {
			return Format{}, fmt.Errorf("%s: %w", in.name, err)
		}
		return Format{}, fmt.Errorf("%s: the file is empty: want %s", in.name, described())
	}
	is, remedy := other(head)
	for _, f := range Formats() {
		if f.Name == name || name == "" && is == "" && f.is(head) {
			return f, nil
		}
	}
	if is != "" {
		return Format{}, fmt.Errorf("%s: is %s: %s", in.name, is, strings.ReplaceAll(remedy, "FILE", in.name))
	}
	line, _, _ := bytes.Cut(head[:min(len(head), 80)], []byte{'\n'})
	return Format{}, fmt.Errorf("%s: unknown format, it begins with %q: want %s; -format names one of them", in.name,
		line, described())
}

// described lists the formats.
func described() string {
	var list []string
	for _, f := range Formats() {
		list = append(list, f.Doc+" ("+f.Name+")")
	}
	return strings.Join(list[:len(list)-1], ", ") + " or " + list[len(list)-1]
}
