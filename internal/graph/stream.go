package graph

import "math/bits"

// stream is a sequence of random numbers, SplitMix64 (Steele, Lea and Flood, OOPSLA 2014). Streams
// of different blocks of work are independent, so the result does not depend on which worker takes which block.
type stream struct{ state uint64 }

// Streams other than those of blocks, which are numbered from 0.
const (
	streamHosts = 1<<63 + iota
	streamCopy
)

func newStream(seed, block uint64) stream {
	return stream{mix(seed ^ mix(block+0x9e3779b97f4a7c15))}
}

// mix is the finaliser of SplitMix64.
func mix(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

func (s *stream) next() uint64 {
	s.state += 0x9e3779b97f4a7c15
	return mix(s.state)
}

// below returns a number below n, biased by less than n in 2^64.
func (s *stream) below(n uint64) uint64 {
	hi, _ := bits.Mul64(s.next(), n)
	return hi
}

// unit returns a number in [0, 1).
func (s *stream) unit() float64 { return unit(s.next()) }
