package child

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"syscall"
	"unsafe"
)

// Line leads from a child to the process that runs it.
type Line struct {
	file  *os.File
	nonce string
	known []int // processes that were there before the code under test ran, such as a test's own server
}

// kinds of records of the line's own; the others are for those who use it.
const (
	hello    = "hello" // with the processes that are known
	left     = "left"
	goexit   = "goexit"   // runtime.Goexit was called where f of Serve was
	readonly = "readonly" // a region that must not be written to
	last     = "end"
)

// Open opens the line, and must be called before the code under test runs, at most once. From then on the crash output of the
// runtime goes to the parent too, and orphans among the descendants of this process become its children.
func Open() (*Line, error) {
	nonce := os.Getenv(variable)
	if nonce == "" {
		return nil, errors.New("this is the child process of a run or a check: it is started by them, not by hand")
	}
	syscall.CloseOnExec(lineFD)
	crash := os.NewFile(crashFD, "crash output")
	if err := debug.SetCrashOutput(crash, debug.CrashOptions{}); err != nil {
		return nil, fmt.Errorf("open the line to the parent: %w", err)
	}
	crash.Close()
	adopt()
	l := &Line{file: os.NewFile(lineFD, "line"), nonce: nonce}
	if !childless() {
		for _, p := range descendants(processes(), os.Getpid(), nil) {
			l.known = append(l.known, p.pid)
		}
	}
	return l, l.Say(hello, l.known)
}

// Say sends a record. It may be called from several goroutines. Without the line there is nobody to tell that it is gone:
// the process ends. An error means that body has no JSON.
func (l *Line) Say(kind string, body any) error {
	text, err := json.Marshal(body)
	if err != nil {
		return fmt.Errorf("write a record %q: %w", kind, err)
	}
	// One write: a record is not torn by another, or by what else writes to the descriptor.
	if _, err = l.file.Write(fmt.Appendf(nil, "%s %s %s\n", l.nonce, kind, text)); err != nil {
		os.Exit(lost)
	}
	return nil
}

// lost is the exit code of a child whose line was closed.
const lost = 113

// End looks for processes that are left behind, and sends the final record, without which no child is done.
func (l *Line) End(body any) error {
	if names := l.strays(); len(names) > 0 {
		l.Say(left, names)
	}
	return l.Say(last, body)
}

// Serve is the whole of a child that does one thing: it opens the line, calls f, and sends what f returns as the final
// record.
func Serve(f func(*Line) (any, error)) error {
	l, err := Open()
	if err != nil {
		return err
	}
	returned := false
	defer func() {
		if returned {
			return
		}
		if p := recover(); p != nil {
			panic(p)
		}
		l.Say(goexit, nil)
		os.Exit(1)
	}()
	body, err := f(l)
	returned = true
	if err != nil {
		return err
	}
	return l.End(body)
}

// region is a piece of memory that must not be written to.
type region struct {
	Low, High uintptr
	Name      string
}

// Protect tells the parent that memory, which is mapped to be read only, is called name, so that a write to it is named as
// what it is.
func Protect[T any](l *Line, memory []T, name string) error {
	if len(memory) == 0 {
		return nil
	}
	low := uintptr(unsafe.Pointer(&memory[0]))
	return l.Say(readonly, region{low, low + uintptr(len(memory))*unsafe.Sizeof(memory[0]), name})
}

// reader takes a line apart at the parent's end.
type reader struct {
	nonce   string
	rest    []byte // of a record that has not come to its end
	size    int
	opened  bool
	junk    bool
	goexit  bool
	regions []region
	known   []int
	left    []string
	last    json.RawMessage
	records []Record
}

// longest is how much of a record is believed, and how much of all is kept.
const longest = 64 << 20

// Write never fails, so that what sends junk is not made to wait.
func (r *reader) Write(p []byte) (int, error) {
	n := len(p)
	for !r.junk {
		text, more, whole := bytes.Cut(p, []byte("\n"))
		if len(r.rest)+len(text) > longest {
			r.junk = true
			break
		}
		r.rest = append(r.rest, text...)
		if !whole {
			break
		}
		r.record(r.rest)
		r.rest, p = nil, more
	}
	return n, nil
}

// record takes one record.
func (r *reader) record(text []byte) {
	words := bytes.SplitN(text, []byte(" "), 3)
	if len(words) < 3 || string(words[0]) != r.nonce || !json.Valid(words[2]) {
		r.junk = true
		return
	}
	if r.size += len(text); r.last != nil || r.size > longest {
		return
	}
	switch kind, body := string(words[1]), json.RawMessage(words[2]); kind {
	case hello:
		r.junk = json.Unmarshal(body, &r.known) != nil || r.opened
		r.opened = true
	case left:
		r.junk = json.Unmarshal(body, &r.left) != nil
	case goexit:
		r.goexit = true
	case readonly:
		var here region
		r.junk = json.Unmarshal(body, &here) != nil
		r.regions = append(r.regions, here)
	case last:
		r.last = body
	default:
		r.records = append(r.records, Record{kind, body})
	}
}
