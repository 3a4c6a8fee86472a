package diagnose

// Names of counters of package host.
const (
	cycles       = "cycles"
	instructions = "instructions"
)

// Counters returns what the kernel and the processor counted per page while the CPU profile was taken, by name; nil
// without a CPU profile.
func (c *Cell) Counters() map[string]float64 {
	if c.Usage == nil {
		return nil
	}
	pages, sums := 0, map[string]float64{}
	for _, r := range c.Usage.Repeats {
		pages += r.Pages
		for name, n := range r.Counters {
			sums[name] += n
		}
	}
	for name := range sums {
		sums[name] /= float64(max(1, pages))
	}
	return sums
}

// Instructions returns how many times the instructions of one worker a page takes with the cell's, and how many times
// the cycles; known is false without hardware counters.
func (l *Loss) Instructions() (times, cyclesTimes float64, known bool) {
	one, many := l.One.Counters(), l.Many.Counters()
	if one[instructions] <= 0 || many[instructions] <= 0 || one[cycles] <= 0 || many[cycles] <= 0 {
		return 0, 0, false
	}
	return many[instructions] / one[instructions], many[cycles] / one[cycles], true
}

// executesMore reports whether hardware counters show that a page costs more because it executes more instructions: in
// loops that wait, or attempts that are repeated. A cache line that travels makes instructions wait instead.
func (l *Loss) executesMore() bool {
	times, cyclesTimes, known := l.Instructions()
	return known && times-1 > (cyclesTimes-1)/2
}
