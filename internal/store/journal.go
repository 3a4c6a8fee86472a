package store

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"

	fast "github.com/goccy/go-json"
)

// A line of the journal is {"crc":"8 hex digits","rec":{...}}: the checksum, CRC-32C, is over the bytes of rec.

const (
	linePrefix = `{"crc":"`
	lineMiddle = `","rec":`
	lineSuffix = "}\n"
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
	return fmt.Appendf(nil, "%s%s%s%s%s", linePrefix, checksum(text), lineMiddle, text, lineSuffix), nil
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
	err := fast.Unmarshal(text, &rec) // in a fifth of the time of encoding/json: BenchmarkOpen
	return rec, err
}

// tail is what stands behind the last whole record of a journal.
type tail struct {
	offset int // where it begins
	line   int // its number, from 1
	bytes  []byte
}

// parseJournal returns the records of a journal, and its tail if that is damaged: what a crash may leave of the last
// write. A damaged line with a whole one behind it is no such thing, and an error.
func parseJournal(text []byte) ([]Record, *tail, error) {
	var records []Record
	var bad *tail
	var why error
	offset := 0
	for n := 1; offset < len(text); n++ {
		end := bytes.IndexByte(text[offset:], '\n') + 1
		if end == 0 {
			end = len(text) - offset
		}
		line := text[offset : offset+end]
		rec, err := decode(line)
		switch {
		case err != nil && bad == nil:
			bad, why = &tail{offset: offset, line: n, bytes: text[offset:]}, err
		case err == nil && bad != nil:
			return nil, nil, fmt.Errorf("line %d is damaged (%v) although line %d is whole: something has changed the file since it was written; take it from a backup, or delete line %d to do without that record", bad.line, why, n, bad.line)
		case err == nil:
			records = append(records, rec)
		}
		offset += end
	}
	return records, bad, nil
}
