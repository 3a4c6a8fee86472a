package child

import "fmt"

// keep is how much of a beginning and of an end is kept; the dump of some thousand goroutines fits.
const keep = 512 << 10

// kept keeps the beginning and the end of what is written to it, and so bounds what a child that
// prints without end takes here. It embeds nothing: whatever reads a pipe must go through Write.
type kept struct {
	head, tail []byte
	cut        int64 // bytes between the two
}

// Write never fails.
func (k *kept) Write(p []byte) (int, error) {
	n := len(p)
	room := min(len(p), keep-len(k.head))
	k.head = append(k.head, p[:room]...)
	p = p[room:]
	if over := len(p) - keep; over > 0 {
		k.cut += int64(len(k.tail) + over)
		k.tail, p = k.tail[:0], p[over:]
	}
	if over := len(k.tail) + len(p) - 2*keep; over > 0 {
		k.shift(len(k.tail) + len(p) - keep)
	}
	k.tail = append(k.tail, p...)
	return n, nil
}

// shift drops the first n bytes of the tail.
func (k *kept) shift(n int) {
	k.cut += int64(n)
	k.tail = k.tail[:copy(k.tail, k.tail[n:])]
}

// Bytes returns what was kept.
func (k *kept) Bytes() []byte {
	if over := len(k.tail) - keep; over > 0 {
		k.shift(over)
	}
	b := append([]byte(nil), k.head...)
	if k.cut > 0 {
		b = fmt.Appendf(b, "\n[%d bytes left out]\n", k.cut)
	}
	return append(b, k.tail...)
}
