package stat_test

import (
	"fmt"
	"math"
	"math/rand/v2"

	"crawlbench/internal/stat"
)

// Two crawlers, one of them slower by 30 %, in blocks of 6 turns. The first look proves the
// difference: both may leave, and later blocks do not change it.
func ExampleFamily_Decide() {
	draw := rand.New(rand.NewPCG(1, 0))
	var ratios []float64
	for range 28 {
		base, other := make([]float64, 6), make([]float64, 6)
		for turn := range base {
			machine := 0.1 * draw.NormFloat64() // common to both
			base[turn] = math.Log(0.002) + machine + 0.1*draw.NormFloat64()
			other[turn] = math.Log(0.002*1.3) + machine + 0.1*draw.NormFloat64()
		}
		means, err := stat.BlockMeans([][]float64{base, other})
		if err != nil {
			fmt.Println(err)
			return
		}
		ratios = append(ratios, means[1]-means[0])
	}
	family := stat.Family{Size: 1, Alpha: stat.UnlimitedAlpha, Margin: stat.DefaultMargin, Looks: stat.InterimLooks(28)}
	found, err := family.Decide([][]float64{ratios})
	if err != nil {
		fmt.Println(err)
		return
	}
	c := found.Comparisons[0]
	fmt.Printf("%v in %d blocks: %.2fx [%.2f, %.2f]; gate of 5 %%: %v\n", c.Verdict, c.Blocks, c.Ratio.Value,
		c.Ratio.Lo, c.Ratio.Hi, c.Gate(0.05))
	fmt.Printf("28 blocks find %.0f %%; 5 %% needs %d blocks\n", 100*(family.MDE(28, found.SD())-1),
		family.BlocksFor(1.05, found.SD()))
	// Output:
	// slower in 6 blocks: 1.31x [1.21, 1.42]; gate of 5 %: fail
	// 28 blocks find 3 %; 5 % needs 12 blocks
}
