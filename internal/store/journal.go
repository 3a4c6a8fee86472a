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

// A line of the journal is {"crc":"8 hex digits","rec":{...}}. The checksum is the CRC-32C of the bytes of rec. Lines
// end with a line feed; CRLF, which a git checkout may produce, is read too.

const (
	linePrefix = `{"crc":"`
	lineMiddle = `","rec":`
	lineSuffix = "}\n"
)

// Limits of a journal, in bytes: enough for a million samples, and for a sample of five million crawls.
const (
	maxJournal = 1 << 30
	maxLine    = 64 << 20
	blockSize  = 4 << 20 // size of a read
)

// checksum returns the checksum of a line whose record is rec.
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
		return nil, fmt.Errorf("record too large, %d bytes: want at most %d: shorten the scenario's samples", len(line),
			maxLine)
	}
	return line, nil
}

// decode returns the record of a line, which ends with its line feed.
func decode(line []byte) (Record, error) {
	var rec Record
	rest, ok := bytes.CutPrefix(line, []byte(linePrefix))
	if !ok || len(rest) < 8 {
		return rec, errors.New("it does not begin like a journal line")
	}
	text, okMiddle := bytes.CutPrefix(rest[8:], []byte(lineMiddle))
	text, okEnd := bytes.CutSuffix(text, []byte(lineSuffix))
	switch {
	case !okMiddle || !okEnd:
		return rec, errors.New("it is incomplete")
	case string(rest[:8]) != checksum(text):
		return rec, errors.New("its checksum does not match")
	}
	err := json.Unmarshal(text, &rec)
	return rec, err
}

// journal is the content of a journal.
type journal struct {
	records   []Record
	size      int64     // of the lines with the records
	sum       hash.Hash // of the checksums of these lines
	prefixSum string    // the sum of the first lines that the manifest knows
	bad       *tail     // nil if nothing follows the lines

	line int // number of the last line that was read, from 1
	// The records of a block that is not complete yet, with the checksums and the size of their lines.
	block     []Record
	blockSums [][]byte
	blockSize int64
}

// tail is what follows the last valid record of a journal, or its last whole block. A crash may leave it.
type tail struct {
	line int // its number, from 1
	size int64
	why  error
}

// readJournal reads a journal of about size bytes. If known is not nil, it computes the sum of as many lines as known
// has. A damaged line is an error if a valid line follows it, and part of the tail otherwise. At most a block and a
// line are in memory at a time.
func readJournal(r io.Reader, size int64, known *Lines) (*journal, error) {
	prefix := -1
	if known != nil {
		prefix = known.Count
	}
	j := &journal{sum: sha256.New()}
	j.recordPrefixSum(prefix)
	block := int(min(size+1, blockSize))
	var text []byte
	for {
		kept := len(text)
		text = slices.Grow(text, block)
		n, err := io.ReadFull(r, text[kept:kept+block])
		text = text[:kept+n]
		ended := err == io.EOF || err == io.ErrUnexpectedEOF
		if err != nil && !ended {
			return nil, err
		}
		whole := len(text)
		if !ended {
			if whole = bytes.LastIndexByte(text[kept:], '\n') + 1; whole > 0 {
				whole += kept
			}
		}
		if err := j.addLines(text[:whole], prefix); err != nil {
			return nil, err
		}
		text = append(text[:0], text[whole:]...)
		if ended {
			j.cut()
			return j, nil
		}
		if len(text) > maxLine {
			return nil, fmt.Errorf("line %d is longer than %d bytes: take the file from a backup, or truncate it after line %d",
				j.line+1, maxLine, j.line)
		}
	}
}

// addLines decodes lines and adds their records.
func (j *journal) addLines(text []byte, prefix int) error {
	if j.line == 0 { // an editor may have added a byte order mark
		rest := withoutMark(text)
		j.size += int64(len(text) - len(rest))
		text = rest
	}
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
			return fmt.Errorf("line %d is damaged (%v) but line %d is valid, so the file was changed after it was written: "+
				"take it from a backup, or delete line %[1]d to drop that record", j.bad.line, j.bad.why, j.line)
		default:
			if err := j.add(records[i], line, prefix); err != nil {
				return err
			}
		}
	}
	return nil
}

// add adds a record, those of a block when it is complete.
func (j *journal) add(rec Record, line []byte, prefix int) error {
	if n := len(j.block); n > 0 && !follows(j.block[n-1], rec) {
		lines := fmt.Sprintf("lines %d to %d", j.line-n, j.line-1)
		if n == 1 {
			lines = fmt.Sprintf("line %d", j.line-1)
		}
		return fmt.Errorf("line %d does not continue the block of line %d, so the file was changed after it was written: "+
			"take it from a backup, or delete %s to drop that block", j.line, j.line-1, lines)
	}
	j.block, j.blockSize = append(j.block, rec), j.blockSize+int64(len(line))
	j.blockSums = append(j.blockSums, bytes.Clone(lineSum(line)))
	if rec.More > 0 {
		return nil
	}
	j.size += j.blockSize
	for i, rec := range j.block {
		j.sum.Write(j.blockSums[i])
		j.records = append(j.records, rec)
		j.recordPrefixSum(prefix)
	}
	j.block, j.blockSums, j.blockSize = nil, nil, 0
	return nil
}

// follows reports whether rec is the next record of a block after last.
func follows(last, rec Record) bool {
	return rec.More == last.More-1 && rec.Round == last.Round && rec.Kind == last.Kind
}

// cut puts an incomplete block at the end into the tail: its other records were never written.
func (j *journal) cut() {
	n := len(j.block)
	if n == 0 {
		return
	}
	if j.bad == nil {
		j.bad = &tail{line: j.line + 1, why: errors.New("its block is incomplete")}
	}
	j.bad.line -= n
	j.bad.size += j.blockSize
}

// recordPrefixSum records the sum if prefix lines have been read.
func (j *journal) recordPrefixSum(prefix int) {
	if len(j.records) == prefix {
		j.prefixSum = sumOf(j.sum)
	}
}

func lineSum(line []byte) []byte { return line[len(linePrefix) : len(linePrefix)+8] }

func sumOf(h hash.Hash) string { return hex.EncodeToString(h.Sum(nil)) }
