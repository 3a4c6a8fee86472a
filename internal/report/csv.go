package report

import (
	"cmp"
	"encoding/csv"
	"fmt"
	"io"
	"math"

	"crawlbench/internal/diagnose"
	"crawlbench/internal/plan"
)

// CSV writes a line for each cell of a run, after a line of names. Unknown values are empty. Whether the run is trusted
// is the same in all lines.
func CSV(w io.Writer, a *diagnose.Analysis) error {
	out := csv.NewWriter(w)
	names := []string{"crawler", "graph", "keys", "workers", "rate", "burst", "limiter", "gomaxprocs", "samples",
		"flagged", "failure", "pages_per_second", "lo", "hi", "cpu_seconds_per_page", "allocated_bytes_per_page",
		"retained_bytes_per_page", "times_baseline", "times_lo", "times_hi", "p_adjusted", "verdict", "processes",
		"server_cpu_seconds_per_page", "least_to_most", "achieved_to_asked", "worst_window", "calls_per_grant",
		"untrusted"}
	if a.Machines == nil {
		out.Write(names)
		for c := range a.Cells() {
			out.Write(csvRow(cellOf(c), c.Rate, a.Trust.Untrusted()))
		}
		out.Flush()
		return out.Error()
	}
	out.Write(append(names, machineColumns()...))
	for _, m := range a.Machines.List {
		for c := range m.Own.Cells() {
			out.Write(append(csvRow(cellOf(c), c.Rate, a.Trust.Untrusted()), m.Name, "", "", "", "", ""))
		}
	}
	out.WriteAll(jointRows(a))
	return out.Error()
}

// fleetColumns returns the columns of a cell about its fleet, which are empty if one process crawled alone.
func fleetColumns(j cellJSON) []string {
	row := []string{count(j.Processes), "", "", "", "", ""}
	if f := j.Fleet; f != nil {
		for i, x := range []number{f.ServerCPU, f.LeastToMost, f.Achieved, f.Worst, f.Calls} {
			if x > 0 {
				row[i+1] = csvNumber(x)
			}
		}
	}
	return row
}

// csvRow is the line of a cell.
func csvRow(j cellJSON, rate plan.Rate, untrusted bool) []string {
	row := []string{j.Crawler, j.Graph, j.Keys, fmt.Sprint(j.Workers), rate.String(), count(j.Burst), j.Limiter,
		fmt.Sprint(j.Procs), fmt.Sprint(j.Samples), fmt.Sprint(j.Flagged), j.Failure}
	speed, times := intervalJSON{number(math.NaN()), number(math.NaN()), number(math.NaN())}, intervalJSON{}
	if j.Speed != nil {
		speed = *j.Speed
	}
	retained := cmp.Or(j.Retained, number(math.NaN()))
	row = append(row, csvNumber(speed.Value), csvNumber(speed.Lo), csvNumber(speed.Hi), csvNumber(j.CPU),
		csvNumber(j.Allocated), csvNumber(retained))
	if j.Versus == nil {
		row = append(row, "", "", "", "", "")
	} else {
		times = j.Versus.Times
		row = append(row, csvNumber(times.Value), csvNumber(times.Lo), csvNumber(times.Hi),
			csvNumber(number(j.Versus.P)), j.Versus.Verdict)
	}
	return append(append(row, fleetColumns(j)...), fmt.Sprint(untrusted))
}

func csvNumber(x number) string {
	if math.IsInf(float64(x), 0) || math.IsNaN(float64(x)) {
		return ""
	}
	return fmt.Sprintf("%.6g", float64(x))
}

// count returns a number, or "" for 0.
func count(n int) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprint(n)
}
