package graph

import (
	"encoding/binary"
	"math/bits"
)

// bitReader reads the instantaneous codes of a BVGraph, the most significant bit of a byte first.
// Past the end it returns zeros and sets past.
type bitReader struct {
	data []byte
	pos  int // in bits
	past bool
}

// peek returns the next 64 bits. At least 57 of them are valid unless the data end.
func (r *bitReader) peek() uint64 {
	i := r.pos >> 3
	if i+8 <= len(r.data) {
		return binary.BigEndian.Uint64(r.data[i:]) << (r.pos & 7)
	}
	var tail [8]byte
	if i < len(r.data) {
		copy(tail[:], r.data[i:])
	}
	return binary.BigEndian.Uint64(tail[:]) << (r.pos & 7)
}

// skip advances by n bits.
func (r *bitReader) skip(n int) {
	r.pos += n
	if r.pos > 8*len(r.data) {
		r.past = true
	}
}

// bits reads a number of n bits.
func (r *bitReader) bits(n int) uint64 {
	if n > 32 {
		hi := r.bits(n - 32)
		return hi<<32 | r.bits(32)
	}
	if n == 0 {
		return 0
	}
	v := r.peek() >> (64 - n)
	r.skip(n)
	return v
}

// unary reads the number of zeros before a one.
func (r *bitReader) unary() uint64 {
	n := uint64(0)
	for !r.past {
		// Only the first 57 bits of peek are data; the others may be zeros that were shifted in.
		if z := bits.LeadingZeros64(r.peek()); z < 56 {
			r.skip(z + 1)
			return n + uint64(z)
		}
		r.skip(56)
		n += 56
	}
	return n
}

// gamma reads Elias' gamma code: the length in unary, then the number.
func (r *bitReader) gamma() uint64 { return r.long(r.unary()) }

// delta reads Elias' delta code: the length in gamma, then the number.
func (r *bitReader) delta() uint64 { return r.long(r.gamma()) }

// long reads the n bits after the leading one of a number that is one too large.
func (r *bitReader) long(n uint64) uint64 {
	if n > 62 {
		r.past = true
		return 0
	}
	return (1<<n | r.bits(int(n))) - 1
}

// zeta reads the zeta code of shrinking factor k (Boldi and Vigna, Internet Mathematics 2(4), 2005).
func (r *bitReader) zeta(k int) uint64 {
	h := r.unary()
	if h*uint64(k)+uint64(k) > 62 {
		r.past = true
		return 0
	}
	low := int(h) * k
	v := r.bits(low + k - 1)
	if v < 1<<low {
		return v + 1<<low - 1
	}
	return (v<<1 | r.bits(1)) - 1
}

// nibble reads groups of a stop bit and three bits of the number.
func (r *bitReader) nibble() uint64 {
	var v uint64
	for !r.past {
		stop := r.bits(1)
		v = v<<3 | r.bits(3)
		if stop == 1 {
			break
		}
	}
	return v
}

// signed undoes the mapping of 0, -1, 1, -2, 2 ... to 0, 1, 2, 3, 4 ...
func signed(v uint64) int64 {
	if v&1 == 0 {
		return int64(v >> 1)
	}
	return -int64(v>>1) - 1
}
