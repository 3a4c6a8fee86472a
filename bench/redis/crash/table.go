package crash

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"crawlbench/internal/plain"
	"crawlbench/internal/plain/markdown"
	"crawlbench/internal/plain/screen"
	"crawlbench/internal/stat"
)

// Row adds up the rounds of a frontier in which the same kind of thing died.
type Row struct {
	Frontier string
	Kind     Kind
	// Loses is what a death costs the frontier; "" if it promises that nothing is lost.
	Loses         string
	Rounds, Ended int
	// Crawls is the number of crawls that lost pages.
	Crawls int

	Lost, Twice, Beyond, Early, Strange int
	// Most is the largest number of repeats that one death excused.
	Most int
	// Back has the times until the fleet went on, of the rounds in which something had to come back.
	Back []time.Duration
	// Failed is the first error.
	Failed []string
}

// Rows adds rounds up, in the order in which their frontiers and kinds come first.
func Rows(rounds []Round, frontiers []Frontier) (rows []Row) {
	for _, r := range rounds {
		i := slices.IndexFunc(rows, func(row Row) bool { return row.Frontier == r.Frontier && row.Kind == r.Kind })
		if i < 0 {
			i = len(rows)
			rows = append(rows, Row{Frontier: r.Frontier, Kind: r.Kind})
			for _, f := range frontiers {
				if f.Name == r.Frontier {
					rows[i].Loses = f.Loses
				}
			}
		}
		rows[i].add(r)
	}
	return rows
}

func (row *Row) add(r Round) {
	const shown = 1
	row.Rounds++
	if r.Ended {
		row.Ended++
	}
	if r.Lost > 0 {
		row.Crawls++
	}
	row.Lost += r.Lost
	row.Twice += r.Twice
	row.Most = max(row.Most, r.Most)
	row.Beyond += r.Beyond
	row.Early += r.Early
	row.Strange += r.Strange
	if r.Back > 0 {
		row.Back = append(row.Back, r.Back)
	}
	for _, text := range r.Failed {
		if !slices.Contains(row.Failed, text) && len(row.Failed) < shown {
			row.Failed = append(row.Failed, text)
		}
	}
}

// Right reports whether all rounds are what a frontier promises that is made to survive.
func (row Row) Right() bool {
	return row.Ended == row.Rounds && row.Lost == 0 && row.Beyond == 0 && row.Early == 0 && row.Strange == 0
}

// Kept reports whether the frontier kept what it promises. One that says what it loses promises nothing.
func (row Row) Kept() bool { return row.Loses != "" || row.Right() }

// head names the columns of a table.
func head() []string {
	return []string{"frontier", "killed", "crawls", "ended", "pages never fetched", "fetched again", "most for a death",
		"beyond what was held", "after the end", "back after (median)", "longest"}
}

// cells returns the columns of a row.
func (row Row) cells() []string {
	lost := fmt.Sprint(row.Lost)
	if row.Crawls > 0 {
		lost += fmt.Sprintf(" in %s", plain.Count(row.Crawls, "crawl"))
	}
	median, longest := "-", "-"
	if len(row.Back) > 0 {
		seconds := make([]float64, len(row.Back))
		for i, d := range row.Back {
			seconds[i] = d.Seconds()
		}
		median, longest = plain.Seconds(stat.Quantile(seconds, 0.5)), plain.Seconds(slices.Max(seconds))
	}
	return []string{row.Frontier, string(row.Kind), fmt.Sprint(row.Rounds), fmt.Sprint(row.Ended), lost,
		fmt.Sprint(row.Twice), fmt.Sprint(row.Most), fmt.Sprint(row.Beyond), fmt.Sprint(row.Early), median, longest}
}

// notes returns a sentence for each row that needs one.
func notes(rows []Row) (list []string) {
	for _, row := range rows {
		what := fmt.Sprintf("%s, death of a %s", row.Frontier, row.Kind)
		switch {
		case row.Right() && row.Loses == "":
		case row.Right():
			list = append(list, fmt.Sprintf("%s: nothing was lost, although %s.", what, row.Loses))
		case row.Loses != "":
			list = append(list, fmt.Sprintf("%s: not made to survive it: %s.", what, row.Loses))
		default:
			list = append(list, what+": BROKEN: it promises to end, to lose nothing and to repeat only what the dead held.")
		}
		if row.Strange > 0 {
			list = append(list, fmt.Sprintf("%s: %s of pages that cannot be reached.", what, plain.Count(row.Strange, "fetch")))
		}
		for _, text := range row.Failed {
			list = append(list, fmt.Sprintf("%s: %s", what, text))
		}
	}
	return list
}

// Text writes rows as a table for a terminal.
func Text(b *strings.Builder, s screen.Screen, rows []Row) {
	var grid [][]screen.Entry
	for _, row := range rows {
		line := screen.Row(row.cells()...)
		if !row.Kept() {
			line[0].Style = screen.Bad
		}
		grid = append(grid, line)
	}
	s.Table(b, head(), grid)
	for _, note := range notes(rows) {
		b.WriteByte('\n')
		s.Paragraph(b, "", note)
	}
}

// Markdown writes rows as a table in Markdown.
func Markdown(b *strings.Builder, rows []Row) {
	var grid [][]string
	for _, row := range rows {
		grid = append(grid, row.cells())
	}
	markdown.Table(b, head(), grid)
	for _, note := range notes(rows) {
		b.WriteString("\n" + markdown.Line(note) + "\n")
	}
}
