package store

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"hash/crc32"
	"io"
	"slices"

	"crawlbench/internal/parallel"
)

// A line of the journal is {"crc":"8 hex digits","rec":{...}}: the checksum, CRC-32C, is over the bytes of rec. It ends as
// lines of Unix do; those of Windows, which a checkout by git may have made of them, are read too.

const (
	linePrefix = `{"crc":"`
	lineMiddle = `","rec":`
	lineSuffix = "}\n"
)

// Bounds of a journal, in bytes: a million samples, and a sample of five million crawls.
const (
	maxJournal = 1 << 30
	maxLine    = 64 << 20
	blockSize  = 4 << 20 // read at once
)

func checksum(rec []byte) string {
	return fmt.Sprintf("%08x", crc32.Checksum(rec, crc32.MakeTable(crc32.Castagnoli)))
}

// encode returns the line of rec.
func encode(rec Record) ([]byte, error) {
	text, err := json.Marshal(rec)
	if err != nil {
		return nil, err
	}
	line := fmt.Appendf(nil, "%s%s%s%s%s", linePrefix, checksum(text), lineMiddle, text, lineSuffix)
	if len(line) > maxLine {
		return nil, fmt.Errorf("the record has %d bytes, want at most %d: shorten the scenario's samples", len(line), maxLine)
	}
	return line, nil
}

// decode returns the record of a line, which ends with its line feed.
func decode(line []byte) (Record, error) {
	var rec Record
	rest, ok := bytes.CutPrefix(line, []byte(linePrefix))
	if !ok || len(rest) < 8 {
		return rec, errors.New("it does not begin as a line of a journal does")
	}
	text, okMiddle := bytes.CutPrefix(rest[8:], []byte(lineMiddle))
	text, okEnd := bytes.CutSuffix(text, []byte(lineSuffix))
	switch {
	case !okMiddle || !okEnd:
		return rec, errors.New("it is not whole")
	case string(rest[:8]) != checksum(text):
		return rec, errors.New("its checksum does not match")
	}
	err := json.Unmarshal(text, &rec)
	return rec, err
}

// journal is what was read of one.
type journal struct {
	records []Record
	size    int64     // of the lines that hold them
	sum     hash.Hash // over the checksums of these lines
	begins  string    // the sum of its first so many lines, if there are so many
	bad     *tail     // nil: nothing stands behind them

	line int // number of the last line that was read, from 1
}

// tail is what stands behind the last whole record of a journal: what a crash may leave of the last write.
type tail struct {
	line int // its number, from 1
	size int64
	why  error
}

// readJournal reads a journal of about so many bytes, and sums up as many lines as known has, if that is not nil. A damaged
// line with a whole one behind it is no such tail, and an error. Of the text it keeps no more than a block and a line.
func readJournal(r io.Reader, size int64, known *Lines) (*journal, error) {
	begin := -1
	if known != nil {
		begin = known.Count
	}
	j := &journal{sum: sha256.New()}
	j.mark(begin)
	block := int(min(size+1, blockSize))
	var text []byte
	for {
		held := len(text)
		text = slices.Grow(text, block)
		n, err := io.ReadFull(r, text[held:held+block])
		text = text[:held+n]
		ended := err == io.EOF || err == io.ErrUnexpectedEOF
		if err != nil && !ended {
			return nil, err
		}
		whole := len(text)
		if !ended {
			if whole = bytes.LastIndexByte(text[held:], '\n') + 1; whole > 0 {
				whole += held
			}
		}
		if err := j.take(text[:whole], begin); err != nil {
			return nil, err
		}
		text = append(text[:0], text[whole:]...)
		if ended {
			return j, nil
		}
		if len(text) > maxLine {
			return nil, fmt.Errorf("line %d is longer than the %d bytes that a line may have: take the file from a backup, or cut it off behind line %d", j.line+1, maxLine, j.line)
		}
	}
}

// take takes lines.
func (j *journal) take(text []byte, begin int) error {
	lines := slices.Collect(bytes.Lines(text))
	records, errs := make([]Record, len(lines)), make([]error, len(lines))
	parallel.Each(len(lines), func(i int) {
		line := lines[i]
		if bytes.HasSuffix(line, []byte("\r\n")) {
			line = append(line[:len(line)-2], '\n')
		}
		records[i], errs[i] = decode(line)
	})
	for i, line := range lines {
		j.line++
		size := int64(len(line))
		switch {
		case errs[i] != nil && j.bad == nil:
			j.bad = &tail{line: j.line, size: size, why: errs[i]}
		case errs[i] != nil:
			j.bad.size += size
		case j.bad != nil:
			return fmt.Errorf("line %d is damaged (%v) although line %d is whole: something has changed the file since it was written; take it from a backup, or delete line %d to do without that record", j.bad.line, j.bad.why, j.line, j.bad.line)
		default:
			j.size += size
			addSum(j.sum, line)
			j.records = append(j.records, records[i])
			j.mark(begin)
		}
	}
	return nil
}

// mark notes the sum if so many lines have been read.
func (j *journal) mark(begin int) {
	if len(j.records) == begin {
		j.begins = sumOf(j.sum)
	}
}

// addSum adds the checksum of a whole line, which says as much as the line and takes a hundredth of the time.
func addSum(h hash.Hash, line []byte) { h.Write(line[len(linePrefix) : len(linePrefix)+8]) }

func sumOf(h hash.Hash) string { return hex.EncodeToString(h.Sum(nil)) }
