package graph

import "context"

// quadrants are those of the adjacency matrix into which a link of an rmat falls, in hundredths: those
// of Graph500, by the bits from<<1 | to.
var quadrants = [4]float64{57, 19, 19, 5}

// rmat returns a recursive-matrix graph with the parameters of Graph500 (Chakrabarti, Zhan and
// Faloutsos, SDM 2004), with pages renumbered at random, so that the number of a page does not reveal its degree.
func rmat(ctx context.Context, s Spec) (*Graph, error) {
	scale, seed := s.Scale, s.Seed
	pages := s.pages()
	links := pages * s.count("degree")
	table := newPathTable()
	steps := (scale + levels - 1) / levels
	excess := steps*levels - scale // excess levels that are drawn
	shuffle := newShuffle(scale, seed)
	return source{pages: pages, blocks: linkBlocks(links), both: s.Symmetric,
		links: func(block int, made []link) []link {
			draw := newStream(seed, uint64(block))
			for range min(blockLinks, links-block*blockLinks) {
				var from, to uint32
				var random uint64
				for step := range steps {
					if step%2 == 0 {
						random = draw.next()
					}
					path := table.draw(uint32(random))
					random >>= 32
					from, to = from<<levels|uint32(path>>8), to<<levels|uint32(path&0xff)
				}
				made = append(made, link{shuffle.of(from >> excess), shuffle.of(to >> excess)})
			}
			return made
		}}.rows(ctx)
}

// shuffle is a random bijection on numbers of a given number of bits: multiplications by odd numbers and shifts.
type shuffle struct {
	bits uint32
	odd  [2]uint32
	add  uint32 // otherwise 0 would map to 0
}

func newShuffle(bits int, seed uint64) *shuffle {
	draw := newStream(seed, streamHosts)
	return &shuffle{uint32(bits), [2]uint32{uint32(draw.next()) | 1, uint32(draw.next()) | 1}, uint32(draw.next())}
}

func (s *shuffle) of(x uint32) uint32 {
	half := (s.bits + 1) / 2 % 32
	mask := uint32(1)<<(s.bits%32) - 1
	x = (x + s.add) * s.odd[0] & mask
	x ^= x >> half
	x = (x + s.add) * s.odd[1] & mask
	return x ^ x>>half
}

// uniform returns a graph whose links start and end at random pages.
func uniform(ctx context.Context, s Spec) (*Graph, error) {
	pages, seed := s.Pages, s.Seed
	links := pages * s.count("degree")
	return source{pages: pages, blocks: linkBlocks(links), both: s.Symmetric,
		links: func(block int, made []link) []link {
			draw := newStream(seed, uint64(block))
			for range min(blockLinks, links-block*blockLinks) {
				made = append(made, link{uint32(draw.below(uint64(pages))), uint32(draw.below(uint64(pages)))})
			}
			return made
		}}.rows(ctx)
}

// copying returns a graph of the copying model (Kumar et al., FOCS 2000): each new page makes
// degree links, each with probability share a copy of the same link of an earlier page, otherwise
// to any earlier page. Popular pages become more popular: the in-degree follows a power law of
// exponent 1 + 1/share. In addition, some earlier page links to each new one, so that all are
// reachable from the first.
func copying(ctx context.Context, s Spec) (*Graph, error) {
	pages, degree, share, seed := s.Pages, s.count("degree"), s.value("copy"), s.Seed
	draw := newStream(seed, streamCopy)
	made := make([]uint32, pages*degree) // the links of page p begin at p*degree
	for p := 1; p < pages; p++ {
		if p%blockPages == 0 && ctx.Err() != nil {
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
	return source{pages: pages, blocks: pageBlocks(pages), links: func(block int, links []link) []link {
		draw := newStream(seed, uint64(block))
		for p := max(1, block*blockPages); p < min((block+1)*blockPages, pages); p++ {
			links = append(links, link{uint32(draw.below(uint64(p))), uint32(p)})
			for _, to := range made[p*degree : (p+1)*degree] {
				links = append(links, link{uint32(p), to})
			}
		}
		return links
	}}.rows(ctx)
}
