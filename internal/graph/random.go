package graph

import "context"

// rmat returns a recursive-matrix graph with the parameters of Graph500 (a .57, b .19, c .19, d .05; Chakrabarti, Zhan
// and Faloutsos, SDM 2004), the pages renumbered at random, so that a page's number says nothing of its degree.
func rmat(ctx context.Context, scale, degree int, seed uint64) (*Graph, error) {
	// The parameters as bounds on 16 random bits: quadrants a, b, c, d from the left.
	const a, b, c = 57 * (1 << 16) / 100, 76 * (1 << 16) / 100, 95 * (1 << 16) / 100
	pages := 1 << scale
	links := pages * degree
	shuffle := newShuffle(scale, seed)
	return rows(ctx, pages, blocksOf(links), false, func(block int, emit func(from, to uint32)) {
		draw := newStream(seed, uint64(block))
		for range min(blockSize, links-block*blockSize) {
			var from, to uint32
			var random uint64
			for level := range scale {
				if level%4 == 0 {
					random = draw.next()
				}
				q := uint16(random)
				random >>= 16
				from, to = from<<1, to<<1
				switch {
				case q < a:
				case q < b:
					to |= 1
				case q < c:
					from |= 1
				default:
					from |= 1
					to |= 1
				}
			}
			emit(shuffle.of(from), shuffle.of(to))
		}
	})
}

// shuffle renumbers the numbers of so many bits: multiplications by odd numbers and shifts, all of them bijections.
type shuffle struct {
	bits int
	odd  [2]uint32
	add  uint32 // without it, page 0 would stay where it is
}

func newShuffle(bits int, seed uint64) shuffle {
	draw := newStream(seed, streamHosts)
	return shuffle{bits, [2]uint32{uint32(draw.next()) | 1, uint32(draw.next()) | 1}, uint32(draw.next())}
}

func (s shuffle) of(x uint32) uint32 {
	mask := uint32(1)<<s.bits - 1
	half := (s.bits + 1) / 2
	for _, odd := range s.odd {
		x = (x + s.add) * odd & mask
		x ^= x >> half
	}
	return x
}

// uniform returns a graph whose links start and lead anywhere alike.
func uniform(ctx context.Context, pages, degree int, seed uint64) (*Graph, error) {
	links := pages * degree
	return rows(ctx, pages, blocksOf(links), false, func(block int, emit func(from, to uint32)) {
		draw := newStream(seed, uint64(block))
		for range min(blockSize, links-block*blockSize) {
			emit(uint32(draw.below(uint64(pages))), uint32(draw.below(uint64(pages))))
		}
	})
}

// copying returns a graph of the copying model (Kumar et al., FOCS 2000): each new page makes degree links, each with
// probability share a copy of the same link of an earlier page, otherwise to any earlier page. Pages that are linked are
// linked ever more: the in-degree follows a power law of exponent 1 + 1/share. Besides, some earlier page links to each
// new one, so that all can be reached from the first.
func copying(ctx context.Context, pages, degree int, share float64, seed uint64) (*Graph, error) {
	draw := newStream(seed, streamCopy)
	made := make([]uint32, pages*degree) // the links of page p begin at p*degree
	for p := 1; p < pages; p++ {
		if p%blockSize == 0 && ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		from := int(draw.below(uint64(p)))
		for i := range degree {
			if from > 0 && draw.unit() < share {
				made[p*degree+i] = made[from*degree+i]
			} else {
				made[p*degree+i] = uint32(draw.below(uint64(p)))
			}
		}
	}
	return rows(ctx, pages, blocksOf(pages), false, func(block int, emit func(from, to uint32)) {
		draw := newStream(seed, uint64(block))
		for p := max(1, block*blockSize); p < min((block+1)*blockSize, pages); p++ {
			emit(uint32(draw.below(uint64(p))), uint32(p))
			for _, to := range made[p*degree : (p+1)*degree] {
				emit(uint32(p), to)
			}
		}
	})
}
