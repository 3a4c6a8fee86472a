package fleet

import (
	"encoding/binary"
	"fmt"
	"os"
	"time"
)

// Fetch is a fetch of a page by a process.
type Fetch struct {
	Page       uint32
	Begin, End time.Time // End is zero if the process died before the fetch ended
}

// record is the size of a record: page, whether the fetch ended, and the time in nanoseconds since 1970. A killed
// process has written either all or none of such a small record.
const record = 16

// log is a file of fetches. A nil log records nothing.
type log struct{ file *os.File }

func create(path string) (*log, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY|os.O_APPEND, 0o666)
	if err != nil {
		return nil, fmt.Errorf("create the log of fetches: %w", err)
	}
	return &log{f}, nil
}

// add appends a record. A log that cannot be written ends the process: its fetches would be unknown.
func (l *log) add(page uint32, ended bool) {
	if l == nil {
		return
	}
	var b [record]byte
	binary.LittleEndian.PutUint32(b[:], page)
	if ended {
		b[4] = 1
	}
	binary.LittleEndian.PutUint64(b[8:], uint64(time.Now().UnixNano()))
	if _, err := l.file.Write(b[:]); err != nil {
		fmt.Fprintln(os.Stderr, "append to the log of fetches:", err)
		os.Exit(1)
	}
}

// ReadLog returns the fetches of a process in the order in which they began; none if the file does not exist.
func ReadLog(path string) ([]Fetch, error) {
	data, err := os.ReadFile(path)
	if os.IsNotExist(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the log of fetches: %w", err)
	}
	var list []Fetch
	open := map[uint32][]int{} // fetches in flight of each page
	for ; len(data) >= record; data = data[record:] {
		page := binary.LittleEndian.Uint32(data)
		at := time.Unix(0, int64(binary.LittleEndian.Uint64(data[8:])))
		if data[4] == 0 {
			open[page] = append(open[page], len(list))
			list = append(list, Fetch{Page: page, Begin: at})
			continue
		}
		if len(open[page]) == 0 {
			return nil, fmt.Errorf("read the log of fetches %s: the fetch of page %d ended before it began", path, page)
		}
		list[open[page][0]].End = at
		open[page] = open[page][1:]
	}
	return list, nil
}

// Records returns how many beginnings and ends of fetches a log has so far.
func Records(path string) int {
	info, err := os.Stat(path)
	if err != nil {
		return 0
	}
	return int(info.Size() / record)
}
