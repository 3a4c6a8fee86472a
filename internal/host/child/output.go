package child

import "fmt"

// outputLimit is how much of the beginning and of the end of the output is kept. The dump of some
// thousand goroutines fits.
const outputLimit = 512 << 10

// boundedOutput keeps the beginning and the end of what is written to it, which bounds the memory for
// a child that prints without end. It embeds no bytes.Buffer, because io.Copy must use Write and not
// ReadFrom.
type boundedOutput struct {
	head, tail []byte
	cut        int64 // bytes between the two
}

// Write never fails.
func (o *boundedOutput) Write(p []byte) (int, error) {
	n := len(p)
	room := min(len(p), outputLimit-len(o.head))
	o.head = append(o.head, p[:room]...)
	p = p[room:]
	if excess := len(p) - outputLimit; excess > 0 {
		o.cut += int64(len(o.tail) + excess)
		o.tail, p = o.tail[:0], p[excess:]
	}
	if excess := len(o.tail) + len(p) - 2*outputLimit; excess > 0 {
		o.shift(len(o.tail) + len(p) - outputLimit)
	}
	o.tail = append(o.tail, p...)
	return n, nil
}

// shift drops the first n bytes of the tail.
func (o *boundedOutput) shift(n int) {
	o.cut += int64(n)
	o.tail = o.tail[:copy(o.tail, o.tail[n:])]
}

// Bytes returns what was kept, with a note about the bytes that were cut.
func (o *boundedOutput) Bytes() []byte {
	if excess := len(o.tail) - outputLimit; excess > 0 {
		o.shift(excess)
	}
	b := append([]byte(nil), o.head...)
	if o.cut > 0 {
		b = fmt.Appendf(b, "\n[%d bytes left out]\n", o.cut)
	}
	return append(b, o.tail...)
}
