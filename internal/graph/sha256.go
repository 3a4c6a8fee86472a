package graph

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"crawlbench/internal/parallel"
)

// SHA256 returns a SHA-256 sum of the whole graph in hex: of the sums of its parts, a megabyte
// each, and of their lengths.
func (g *Graph) SHA256() string {
	parts := g.parts()
	sums := make([][sha256.Size]byte, len(parts))
	parallel.Each(len(parts), func(i int) { sums[i] = sha256.Sum256(parts[i]) })
	all := sha256.New()
	for _, sum := range sums {
		all.Write(sum[:])
	}
	fmt.Fprintln(all, len(g.Offsets), len(g.Links), len(g.Hosts), g.Start)
	return hex.EncodeToString(all.Sum(nil))
}
