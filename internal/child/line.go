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

// Line leads from a child to the process that runs it. It is a file that the two share.
type Line struct {
	file  *os.File
	is    os.FileInfo // what the descriptor was when the line was opened
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

// Open opens the line, and must be called before the code under test runs, at most once. From then
// on the crash output of the runtime goes to the parent too, and orphans among the descendants of
// this process become its children.
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
	var err error
	if l.is, err = l.file.Stat(); err != nil {
		return nil, fmt.Errorf("open the line to the parent: %w", err)
	}
	if !childless() {
		for _, p := range descendants(processes(), os.Getpid(), nil) {
			l.known = append(l.known, p.pid)
		}
	}
	return l, l.Say(hello, l.known)
}

// Say sends a record. It may be called from several goroutines. Without the line there is nobody to
// tell that it is gone: the process ends. An error means that body has no JSON.
func (l *Line) Say(kind string, body any) error {
	text, err := json.Marshal(body)
	if err != nil {
		return fmt.Errorf("write a record %q: %w", kind, err)
	}
	// Who closes descriptors that are not its own may have another file under this number by now.
	is, err := l.file.Stat()
	if err == nil && os.SameFile(is, l.is) {
		// One write: a record is not torn by another.
		_, err = l.file.Write(fmt.Appendf(nil, "%s %s %s\n", l.nonce, kind, text))
	}
	if err != nil || !os.SameFile(is, l.is) {
		os.Exit(lost)
	}
	return nil
}

// lost is the exit code of a child whose line was closed.
const lost = 113

// End looks for processes that are left behind, and sends the final record, without which no child
// is done.
func (l *Line) End(body any) error {
	if names := l.strays(); len(names) > 0 {
		l.Say(left, names)
	}
	return l.Say(last, body)
}

// Serve is the whole of a child that does one thing: it opens the line, calls f, and sends what f
// returns as the final record.
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

// Protect tells the parent that memory, which is mapped to be read only, is called name, so that a
// write to it is named as what it is.
func Protect[T any](l *Line, memory []T, name string) error {
	if len(memory) == 0 {
		return nil
	}
	low := uintptr(unsafe.Pointer(&memory[0]))
	return l.Say(readonly, region{low, low + uintptr(len(memory))*unsafe.Sizeof(memory[0]), name})
}

// longest is how long a line may be.
const longest = 64 << 20

// words are what came over a line.
type words struct {
	opened  bool
	junk    bool
	goexit  bool
	known   []int
	regions []region
	left    []string
	records []Record
	last    json.RawMessage
}

// read takes a line apart.
func read(line []byte, nonce string) *words {
	w := &words{}
	for text := range bytes.Lines(line) {
		text, whole := bytes.CutSuffix(text, []byte("\n"))
		if !whole || !w.record(text, nonce) {
			w.junk, w.last = true, nil
			break
		}
	}
	return w
}

// record takes one record, and reports whether it is one.
func (w *words) record(text []byte, nonce string) bool {
	parts := bytes.SplitN(text, []byte(" "), 3)
	if len(parts) < 3 || string(parts[0]) != nonce || !json.Valid(parts[2]) {
		return false
	}
	switch kind, body := string(parts[1]), json.RawMessage(parts[2]); kind {
	case hello:
		w.opened = true
		return json.Unmarshal(body, &w.known) == nil
	case left:
		return json.Unmarshal(body, &w.left) == nil
	case goexit:
		w.goexit = true
	case readonly:
		w.regions = append(w.regions, region{})
		return json.Unmarshal(body, &w.regions[len(w.regions)-1]) == nil
	case last:
		w.last = body
	default:
		w.records = append(w.records, Record{kind, body})
	}
	return true
}
