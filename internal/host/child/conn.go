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

// Conn is the connection from a child to its parent, a file that the two share.
type Conn struct {
	file  *os.File
	info  os.FileInfo // of the file when the connection was opened
	nonce string
	known []int // processes that existed before the code under test ran, such as a test's own server

	requests     *os.File // nil until Listen
	requestsInfo os.FileInfo
}

// Kinds of records that the package itself uses. Callers of Say use others.
const (
	kindHello    = "hello" // with the known processes
	kindLeft     = "left"
	kindGoexit   = "goexit"   // the function given to Serve called runtime.Goexit
	kindReadonly = "readonly" // a region that must not be written to
	kindAnswer   = "answer"   // of a resident to a request
	kindEnd      = "end"
)

// Open opens the connection. It must be called at most once, before the code under test runs. From then on
// the crash output of the runtime also goes to the parent, and orphaned descendants of this process
// become its children.
func Open() (*Conn, error) {
	nonce := os.Getenv(nonceVariable)
	if nonce == "" {
		return nil, errors.New("this is the child process of a run or a conformance check: it cannot be started by hand")
	}
	syscall.CloseOnExec(connFD)
	crash := os.NewFile(crashFD, "crash output")
	if err := debug.SetCrashOutput(crash, debug.CrashOptions{}); err != nil {
		return nil, fmt.Errorf("open the connection to the parent: %w", err)
	}
	crash.Close()
	becomeSubreaper()
	c := &Conn{file: os.NewFile(connFD, "connection"), nonce: nonce}
	var err error
	if c.info, err = c.file.Stat(); err != nil {
		return nil, fmt.Errorf("open the connection to the parent: %w", err)
	}
	if !noChildren() {
		for _, p := range descendants(processes(), os.Getpid(), nil) {
			c.known = append(c.known, p.pid)
		}
	}
	return c, c.Say(kindHello, c.known)
}

// Say sends a record. It may be called from several goroutines. If the connection is broken, an error could
// not be reported to the parent, so Say exits the process. An error means that body cannot be encoded.
func (c *Conn) Say(kind string, body any) error {
	text, err := json.Marshal(body)
	if err != nil {
		return fmt.Errorf("encode a record %q: %w", kind, err)
	}
	// If the code under test closed this descriptor, it may refer to another file now.
	info, err := c.file.Stat()
	if err == nil && os.SameFile(info, c.info) {
		// One write, so that records do not interleave.
		_, err = c.file.Write(fmt.Appendf(nil, "%s %s %s\n", c.nonce, kind, text))
	}
	if err != nil || !os.SameFile(info, c.info) {
		os.Exit(connLostCode)
	}
	return nil
}

// connLostCode is the exit code of a child whose connection was closed.
const connLostCode = 113

// End kills processes that were left behind and sends the final record, without which a child does
// not count as done.
func (c *Conn) End(body any) error {
	if names := c.killLeftovers(); len(names) > 0 {
		c.Say(kindLeft, names)
	}
	return c.Say(kindEnd, body)
}

// Serve runs a child that does one thing: it opens the connection, calls f, and sends the result of f as
// the final record.
func Serve(f func(*Conn) (any, error)) error {
	c, err := Open()
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
		c.Say(kindGoexit, nil)
		os.Exit(1)
	}()
	body, err := f(c)
	returned = true
	if err != nil {
		return err
	}
	return c.End(body)
}

// region is a range of memory that must not be written to.
type region struct {
	Low, High uintptr
	Name      string
}

// Protect tells the parent the name of memory that is mapped read-only, so that a write to it can be
// reported by that name.
func Protect[T any](c *Conn, memory []T, name string) error {
	if len(memory) == 0 {
		return nil
	}
	low := uintptr(unsafe.Pointer(&memory[0]))
	return c.Say(kindReadonly, region{low, low + uintptr(len(memory))*unsafe.Sizeof(memory[0]), name})
}

// maxRecords is the maximum size of all records of a connection, in bytes.
const maxRecords = 64 << 20

// messages are the records received over a connection.
type messages struct {
	opened   bool
	junk     bool
	goexit   bool
	known    []int
	regions  []region
	leftover []string
	records  []Record
	last     json.RawMessage
}

// parseRecords parses the records of a connection.
func parseRecords(received []byte, nonce string) *messages {
	m := &messages{}
	for text := range bytes.Lines(received) {
		text, whole := bytes.CutSuffix(text, []byte("\n"))
		if !whole || !m.record(text, nonce) {
			m.junk, m.last = true, nil
			break
		}
	}
	return m
}

// record parses one record and reports whether it is valid.
func (m *messages) record(text []byte, nonce string) bool {
	parts := bytes.SplitN(text, []byte(" "), 3)
	if len(parts) < 3 || string(parts[0]) != nonce || !json.Valid(parts[2]) {
		return false
	}
	switch kind, body := string(parts[1]), json.RawMessage(parts[2]); kind {
	case kindHello:
		m.opened = true
		return json.Unmarshal(body, &m.known) == nil
	case kindLeft:
		return json.Unmarshal(body, &m.leftover) == nil
	case kindGoexit:
		m.goexit = true
	case kindReadonly:
		m.regions = append(m.regions, region{})
		return json.Unmarshal(body, &m.regions[len(m.regions)-1]) == nil
	case kindAnswer:
	case kindEnd:
		m.last = body
	default:
		m.records = append(m.records, Record{kind, body})
	}
	return true
}
