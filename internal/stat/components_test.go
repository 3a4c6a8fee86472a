package stat

import (
	"math"
	"math/rand/v2"
	"testing"
)

// drawTurns simulates blocks of equal crawlers with known components, and a machine that all crawlers of a turn share.
func drawTurns(draw *rand.Rand, c Components, blocks, crawlers, turns int, length float64) (list []Turns) {
	for range blocks {
		b := Turns{Length: length, Logs: make([][]float64, crawlers)}
		shared := make([]float64, turns)
		for t := range shared {
			shared[t] = 0.3 * draw.NormFloat64()
		}
		for i := range b.Logs {
			process := math.Sqrt(c.Process) * draw.NormFloat64()
			for t := range turns {
				own := math.Sqrt(c.Slice/length+c.Machine) * draw.NormFloat64()
				b.Logs[i] = append(b.Logs[i], -5+process+shared[t]+own)
			}
		}
		list = append(list, b)
	}
	return list
}

func TestComponentsAreFound(t *testing.T) {
	for i, want := range []Components{
		{0.004, 0.0001, 0.01}, // a shared virtual machine
		{0.0025, 1e-7, 0},     // a quiet machine with a lottery of processes
		{0, 5e-7, 0.00003},    // bare metal
		{0, 0, 0.02},
	} {
		draw := rand.New(rand.NewPCG(81, uint64(i)))
		got := FitComponents(append(drawTurns(draw, want, 200, 4, 8, 0.005), drawTurns(draw, want, 100, 4, 8, 0.02)...))
		for _, c := range []struct {
			what      string
			got, want float64
		}{
			{"process", got.SD(1e9, 1), want.SD(1e9, 1)},
			{"8 turns of 5 ms", got.SD(8, 0.005), want.SD(8, 0.005)},
			{"8 turns of 20 ms", got.SD(8, 0.02), want.SD(8, 0.02)},
			{"1 turn of 5 ms", got.SD(1, 0.005), want.SD(1, 0.005)},
		} {
			if math.Abs(c.got*c.got-c.want*c.want) > 0.2*c.want*c.want+0.05*math.Pow(want.SD(8, 0.005), 2) {
				t.Errorf("%+v: %s has SD %.4f, want %.4f", want, c.what, c.got, c.want)
			}
		}
		// Known-bad twin: without subtracting what slices vary, noise of slices counts as that of processes.
		if naive := math.Sqrt(2*got.Process + 2*(got.Slice/0.005+got.Machine)/8); i == 3 && naive < 3*got.SD(1e9, 1) {
			t.Errorf("the means of blocks vary by %.4f, processes by %.4f: this test proves nothing", naive, got.SD(1e9, 1))
		}
	}
}

// The formula of the SD is that of simulated blocks.
func TestSDOfComponents(t *testing.T) {
	c := Components{0.004, 0.0001, 0.01}
	draw := rand.New(rand.NewPCG(82, 0))
	var d []float64
	for _, b := range drawTurns(draw, c, 4000, 2, 6, 0.005) {
		d = append(d, mean(b.Logs[1])-mean(b.Logs[0]))
	}
	if got, want := deviation(d), c.SD(6, 0.005); math.Abs(got/want-1) > 0.04 {
		t.Errorf("SD %.4f, formula %.4f", got, want)
	}
}

func TestBestTurnsAndSlices(t *testing.T) {
	k := Cost{Crawlers: 7, Process: 0.022, HandOver: 0.0004, Shortest: 0.002}
	for _, c := range []Components{{0.004, 0.0001, 0.01}, {0.0025, 1e-7, 0}, {0, 5e-7, 0.00003}} {
		turns, slice := Best(Noise{c, k})
		best := c.SD(turns, slice) * math.Sqrt(k.Time(turns, slice))
		for r := 1; r <= mostTurns; r++ {
			for _, l := range []float64{0.005, 0.01, 0.02, 0.04} {
				if other := c.SD(r, l) * math.Sqrt(k.Time(r, l)); other < best*(1-1e-6) {
					t.Errorf("%+v: %d turns of %v s are better than the best, %d of %v", c, r, l, turns, slice)
				}
			}
		}
	}
	// If only processes differ, more turns gain nothing; if only slices do, they cost nothing besides.
	if turns, _ := Best(Noise{Components{Process: 0.01}, k}); turns != 1 {
		t.Errorf("a lottery of processes: %d turns, want 1", turns)
	}
	if turns, _ := Best(Noise{Components{Machine: 0.01}, k}); turns != mostTurns {
		t.Errorf("noise of the machine: %d turns, want %d", turns, mostTurns)
	}
	if c := FitComponents(nil); c != (Components{}) {
		t.Errorf("of nothing: %+v", c)
	}
}

// The best for two kinds of blocks lies between those for each; that of two equal kinds is that of one.
func TestBestOfSeveralKinds(t *testing.T) {
	k := Cost{Crawlers: 7, Process: 0.022, HandOver: 0.0004, Shortest: 0.002}
	processes, machine := Noise{Components{0.01, 0, 0.0001}, k}, Noise{Components{0.001, 0, 0.05}, k}
	few, _ := Best(processes)
	many, _ := Best(machine)
	both, _ := Best(processes, machine)
	if few >= both || both >= many {
		t.Errorf("%d turns for both, want more than %d and fewer than %d", both, few, many)
	}
	if twice, _ := Best(machine, machine); twice != many {
		t.Errorf("%d turns for twice the same, want %d", twice, many)
	}
	if turns, slice := Best(Noise{Cost: k}); turns != 1 || slice != 0.005 {
		t.Errorf("without noise: %d turns of %v s, want the shortest block", turns, slice)
	}
}
