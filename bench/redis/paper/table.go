package paper

import (
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
	"strings"

	"crawlbench/internal/plain"
	"crawlbench/internal/plain/markdown"
	"crawlbench/internal/plain/screen"
)

// sheet is the results for one frontier.
type sheet struct {
	model   Model // Processes varies
	results []Result
	checks  []Check
}

// basis says what a result is based on.
func (r Result) basis() string {
	if r.Extrapolated {
		return "extrapolated"
	}
	return "compared with crawls"
}

func share(x float64) string { return fmt.Sprintf("%.1f %%", 100*x) }

// grid returns the table of a sheet, whose first row is its head.
func (s sheet) grid() [][]string {
	rows := [][]string{{"processes", "pages/s", "limited by", "server busy", "processors busy", "pages a call",
		"shard imbalance", "hosts ready", "basis"}}
	for _, r := range s.results {
		rows = append(rows, []string{plain.Number(r.Processes), plain.Number(r.Rate), string(r.Binds),
			share(r.Server), share(r.Client), fmt.Sprintf("%.1f", r.Batch), fmt.Sprintf("%.2f", r.Imbalance),
			share(r.Ready), r.basis()})
	}
	return rows
}

// compared returns the table of the comparisons, with its head; nil if there are none.
func (s sheet) compared() [][]string {
	if s.checks == nil {
		return nil
	}
	rows := [][]string{{"processes", "workers of each", "a fetch takes", "limited by", "pages/s", "ratio",
		"busiest/mean",
		"pages a call", "server's time a page", "ratio", "processes' time a page", "ratio", "processors it got"}}
	ratio := func(p, o float64) string { return fmt.Sprintf("%.2f", p/o) }
	for _, c := range s.checks {
		p, o := c.Predicted, c.Observed
		pair := func(format func(float64) string, p, o float64) string { return format(p) + " / " + format(o) }
		rows = append(rows, []string{fmt.Sprint(c.Processes), fmt.Sprint(c.Workers),
			pair(plain.Seconds, c.Asked.Seconds(), c.Took.Seconds()), string(c.Binds),
			pair(plain.Number, p.Rate, o.Rate), ratio(p.Rate, o.Rate), fmt.Sprintf("%.2f", c.Imbalance),
			pair(func(x float64) string { return fmt.Sprintf("%.1f", x) }, p.Batch, o.Batch),
			pair(plain.Seconds, p.Server, o.Server), ratio(p.Server, o.Server),
			pair(plain.Seconds, p.Client, o.Client), ratio(p.Client, o.Client),
			fmt.Sprintf("%.2f", o.Rate*(o.Server+o.Client))})
	}
	return rows
}

// assumptions returns what a sheet assumes, as sentences.
func (s sheet) assumptions() []string {
	m := s.model
	spread := "always"
	if m.Sigma > 0 {
		spread = fmt.Sprintf("in the median (lognormal, sigma %g)", m.Sigma)
	}
	place := "Any process may fetch from any host, and the server is assumed to hand out hosts that have rested at no " +
		"further cost."
	if m.Sharded {
		place = fmt.Sprintf("Hosts belong to %d shards by their hash, and the processes share the shards evenly.", m.Shards)
		if was := recordedShards(m.Frontier); was != m.Shards {
			place += fmt.Sprintf(" The costs are those of %d shards.", was)
		}
	}
	list := []string{
		fmt.Sprintf("Assumed: %s hosts that always have pages; a fetch takes %v %s; a host then rests for %v; %d workers "+
			"in each process. %s", plain.Number(m.Hosts), m.Median, spread, m.Gap, m.Workers, place),
		fmt.Sprintf("Assumed: each process and the server have a processor of their own; a call takes %v in addition to the "+
			"time of the server, whatever it carries; no process and no connection fails.", m.RoundTrip),
		fmt.Sprintf("Costs: a page takes %v of a process, %v more if its fetch takes time, and %v of the server; a call, of "+
			"up to %d pages after at least %v, takes %v and %v, and %v more of a server that has nothing else to do. Source: %s.",
			m.ClientPage, m.ClientWait, m.ServerPage, m.Costs.Batch, m.Linger, m.ClientCall, m.ServerCall, m.ServerWake,
			m.Source),
	}
	if m.Costs.Processes > 0 {
		return append(list, fmt.Sprintf("The model was compared with real crawls of up to %s, with up to %d workers in "+
			"each, and without rests. Rows with more processes are extrapolated.", plain.Count(m.Costs.Processes, "process"),
			crowd))
	}
	return append(list, "The model was not compared with real crawls: all rows are extrapolated.")
}

// realCrawls precedes the table of comparisons.
const realCrawls = "Predicted / observed in real crawls on this machine, whose processors all processes and the server " +
	"share with whatever else runs. If a crawl is limited by processors and did not get all of them, its rate is lower " +
	"than predicted:"

// title returns the name of a sheet.
func (s sheet) title() string { return s.model.Frontier }

// text writes a sheet for a terminal.
func (s sheet) text(b *strings.Builder, on screen.Screen) {
	table := func(rows [][]string) {
		var grid [][]screen.Entry
		for _, row := range rows[1:] {
			grid = append(grid, screen.Row(row...))
		}
		on.Table(b, rows[0], grid)
	}
	on.Title(b, s.title())
	for _, text := range s.assumptions() {
		on.Paragraph(b, "", text)
	}
	b.WriteByte('\n')
	table(s.grid())
	if rows := s.compared(); rows != nil {
		b.WriteByte('\n')
		on.Paragraph(b, "", realCrawls)
		table(rows)
	}
}

// markdown writes a sheet in Markdown.
func (s sheet) markdown(b *strings.Builder) {
	fmt.Fprintf(b, "### %s\n\n", s.title())
	for _, text := range s.assumptions() {
		b.WriteString(text + "\n\n")
	}
	grid := s.grid()
	markdown.Table(b, grid[0], grid[1:])
	if rows := s.compared(); rows != nil {
		b.WriteString("\n" + realCrawls + "\n\n")
		markdown.Table(b, rows[0], rows[1:])
	}
}

// writeCSV writes the results of sheets, with a head.
func writeCSV(w io.Writer, sheets []sheet) error {
	out := csv.NewWriter(w)
	out.Write([]string{"frontier", "processes", "workers", "hosts", "pages_per_second", "limited_by", "server_busy",
		"processors_busy", "pages_per_call", "call_wait_seconds", "shards", "shard_imbalance", "hosts_ready",
		"workers_waiting_politeness", "workers_waiting_shards", "workers_waiting_answer", "extrapolated"})
	number := func(x float64) string { return strconv.FormatFloat(x, 'g', 6, 64) }
	for _, s := range sheets {
		for _, r := range s.results {
			out.Write([]string{s.model.Frontier, strconv.Itoa(r.Processes), strconv.Itoa(s.model.Workers),
				strconv.Itoa(s.model.Hosts), number(r.Rate), string(r.Binds), number(r.Server), number(r.Client),
				number(r.Batch), number(r.Wait.Seconds()), strconv.Itoa(s.model.Shards), number(r.Imbalance),
				number(r.Ready), number(r.Polite), number(r.Misplaced), number(r.Blocked),
				strconv.FormatBool(r.Extrapolated)})
		}
	}
	out.Flush()
	return out.Error()
}
