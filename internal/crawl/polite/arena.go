package polite

// arena is a list that grows in pieces, so that it is never copied and at most one piece is unused.
type arena[T any] struct {
	pieces []*[piece]T
	length uint32
}

const (
	pieceBits = 12
	piece     = 1 << pieceBits
)

// at returns element i, and makes those up to it if they do not exist.
func (a *arena[T]) at(i uint32) *T {
	if int(i>>pieceBits) >= len(a.pieces) {
		a.extend(i)
	}
	return &a.pieces[i>>pieceBits][i%piece]
}

// extend makes the elements up to i. It is apart from at, which is inlined.
func (a *arena[T]) extend(i uint32) {
	for int(i>>pieceBits) >= len(a.pieces) {
		a.pieces = append(a.pieces, new([piece]T))
	}
}

// grow adds an element and returns its number.
func (a *arena[T]) grow() uint32 {
	i := a.length
	a.at(i)
	a.length++
	return i
}
