package report

import (
	"fmt"
	"math"

	"crawlbench/internal/diagnose"
	"crawlbench/internal/plain"
)

// machineJSON is a machine as JSON has it, with its own cells.
type machineJSON struct {
	Name      string            `json:"name"`
	Machine   map[string]string `json:"machine"`
	Shards    []int             `json:"shards"`
	Rounds    int               `json:"rounds"`
	Samples   int               `json:"samples"`
	Flagged   int               `json:"flagged"`
	Untrusted bool              `json:"untrusted"`
	Noise     []noiseJSON       `json:"noise"`
	Cells     []cellJSON        `json:"cells"`
}

// jointJSON is what the machines with the same processors say together.
type jointJSON struct {
	Processors  string          `json:"processors"`
	Machines    []string        `json:"machines"`
	Decided     bool            `json:"decided"`
	Noise       []noiseJSON     `json:"noise"`
	Comparisons []jointPairJSON `json:"comparisons"`
}

// jointPairJSON is a comparison over machines. Ratios are of speeds; by machine, that of one without rounds is null.
type jointPairJSON struct {
	Cell     string       `json:"cell"`
	Against  string       `json:"against"`
	Times    intervalJSON `json:"times"`
	P        float64      `json:"p_adjusted"`
	Verdict  string       `json:"verdict"`
	Faster   int          `json:"faster_on"`
	Of       int          `json:"machines"`
	ByName   []number     `json:"times_by_machine"`
	Between  number       `json:"sd_between"`
	Within   number       `json:"sd_within"`
	Q        number       `json:"cochran_q"`
	Agreeing number       `json:"p_agreement"`
}

func machinesJSON(x *diagnose.Machines) (machines []machineJSON, joint []jointJSON) {
	for _, m := range x.List {
		t := m.Own.Trust
		j := machineJSON{Name: m.Name, Machine: m.Host, Shards: m.Shards, Rounds: m.Rounds, Samples: t.Samples,
			Flagged: t.Flagged, Untrusted: t.Untrusted(), Noise: noisesOf(t.Unlimited, t.RateLimited),
			Cells: []cellJSON{}}
		for c := range m.Own.Cells() {
			j.Cells = append(j.Cells, cellOf(c))
		}
		machines = append(machines, j)
	}
	for _, s := range x.Strata {
		j := jointJSON{Processors: s.Model, Decided: s.Decided(), Noise: []noiseJSON{}, Comparisons: []jointPairJSON{}}
		for _, m := range s.Machines {
			j.Machines = append(j.Machines, m.Name)
		}
		if s.Decided() {
			j.Noise = noisesOf(s.Unlimited, s.RateLimited)
		}
		for _, p := range s.Pairs {
			c := jointPairJSON{Cell: p.Cell.ID(), Against: p.Base.ID(), Times: intervalOf(p.Times()), P: p.P,
				Verdict: p.Verdict.String(), Faster: p.Faster, Of: p.Of,
				Between: number(p.Spread.Between), Within: number(p.Spread.Within), Q: number(p.Spread.Q),
				Agreeing: number(p.Spread.P)}
			for _, r := range p.By {
				c.ByName = append(c.ByName, number(math.Exp(-r.Mean)))
			}
			j.Comparisons = append(j.Comparisons, c)
		}
		joint = append(joint, j)
	}
	return machines, joint
}

// noisesOf returns the noise of the kinds of tables that there are.
func noisesOf(list ...diagnose.Noise) []noiseJSON {
	out := []noiseJSON{}
	for _, n := range list {
		if n.Size > 0 || n.Controls > 0 {
			if n.Controls == 0 {
				n.Floor, n.Worst = math.NaN(), math.NaN()
			}
			if n.Size == 0 {
				n.Detectable, n.Noisiest = math.NaN(), math.NaN()
			}
			out = append(out, noiseJSON{familyName(n.Family), n.Size, n.Controls, n.Rejected, number(n.Floor),
				number(n.Worst), number(n.Detectable - 1), number(n.Noisiest - 1)})
		}
	}
	return out
}

// jointRows are the lines of CSV for what machines say together: one for each comparison with the baseline, without
// speeds, which are not averaged.
func jointRows(a *diagnose.Analysis) (rows [][]string) {
	for _, s := range a.Machines.Strata {
		for _, j := range s.Pairs {
			if j.Base.Impl != a.Baseline {
				continue
			}
			c := cellOf(&diagnose.Cell{Cell: j.Cell})
			c.Versus = &versusJSON{intervalOf(j.Times()), j.P, j.Verdict.String()}
			row := append(csvRow(c, j.Cell.Rate, a.Trust.Untrusted()), fmt.Sprintf("%s with %s",
				plain.Count(len(s.Machines), "machine"), s.Model), fmt.Sprint(j.Faster), fmt.Sprint(j.Of),
				csvNumber(number(j.Spread.Between)), csvNumber(number(j.Spread.Within)), csvNumber(number(j.Spread.P)))
			row[8], row[9] = "", "" // samples and flagged
			rows = append(rows, row)
		}
	}
	return rows
}

// machineColumns are the columns that CSV has in addition for a run on several machines.
func machineColumns() []string {
	return []string{"machine", "faster_on", "machines", "sd_between", "sd_within", "p_agreement"}
}
