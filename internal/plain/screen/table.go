package screen

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"crawlbench/internal/plain"
)

// Entry is an entry of a table.
type Entry struct {
	Text  string
	Style Style
}

// Row returns a row of texts.
func Row(texts ...string) []Entry {
	row := make([]Entry, len(texts))
	for i, text := range texts {
		row[i].Text = text
	}
	return row
}

const (
	margin = 2 // columns before a table
	gap    = 2 // columns between those of a table
)

// Table writes a table. If it is wider than the screen, it is continued below, each part with the columns that name its
// rows, without those that have nothing there; if even one more does not fit beside these, each row becomes a list.
func (s Screen) Table(w io.Writer, head []string, rows [][]Entry) {
	var title []Entry
	for _, h := range head {
		title = append(title, Entry{h, Dim})
	}
	grid := make([][]Entry, 0, 1+len(rows))
	for _, row := range append([][]Entry{title}, rows...) {
		row = slices.Clone(row)
		for i := range row {
			row[i].Text = plain.Line(row[i].Text)
		}
		grid = append(grid, row)
	}
	parts := s.parts(grid)
	if parts == nil {
		s.records(w, grid)
	}
	widths := columns(grid)
	for i, part := range parts {
		if i > 0 {
			io.WriteString(w, "\n")
		}
		for j, row := range grid {
			if i == 0 || j == 0 || told(row, part, named(grid)) {
				s.row(w, row, widths, part)
			}
		}
	}
}

// told reports whether a row has anything in a part of a table besides its name.
func told(row []Entry, part []int, names int) bool {
	return slices.ContainsFunc(part[names:], func(i int) bool { return i < len(row) && row[i].Text != "" })
}

// parts divides the columns of a table among parts that fit the screen; nil if that is impossible.
func (s Screen) parts(grid [][]Entry) (parts [][]int) {
	widths := columns(grid)
	names, wide := named(grid), margin-gap
	for i := range names {
		wide += gap + widths[i]
	}
	start := func() []int {
		part := make([]int, names)
		for i := range part {
			part[i] = i
		}
		return part
	}
	part, at := start(), wide
	for i := names; i < len(widths); i++ {
		if at+gap+widths[i] > s.width() && len(part) > names {
			parts, part, at = append(parts, part), start(), wide
		}
		part, at = append(part, i), at+gap+widths[i]
		if at > s.width() {
			return nil
		}
	}
	if at > s.width() {
		return nil
	}
	return append(parts, part)
}

// named returns how many of the first columns distinguish the rows.
func named(grid [][]Entry) int {
	for n := 1; n < len(grid[0]); n++ {
		seen := map[string]bool{}
		for _, row := range grid[1:] {
			seen[fmt.Sprint(row[:min(n, len(row))])] = true
		}
		if len(seen) == len(grid)-1 {
			return n
		}
	}
	return 1
}

// columns returns the widths of the columns.
func columns(grid [][]Entry) (widths []int) {
	for _, row := range grid {
		for i, e := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], utf8.RuneCountInString(e.Text))
		}
	}
	return widths
}

// row writes some columns of a row, without spaces at its end.
func (s Screen) row(w io.Writer, row []Entry, widths, part []int) {
	var line strings.Builder
	space := margin
	for _, i := range part {
		e := Entry{}
		if i < len(row) {
			e = row[i]
		}
		if e.Text != "" {
			line.WriteString(strings.Repeat(" ", space) + s.paint(e.Style, e.Text))
			space = 0
		}
		space += widths[i] - utf8.RuneCountInString(e.Text) + gap
	}
	io.WriteString(w, line.String()+"\n")
}

// records writes each row as a list of its columns.
func (s Screen) records(w io.Writer, grid [][]Entry) {
	names := named(grid)
	for i, row := range grid[1:] {
		if i > 0 {
			io.WriteString(w, "\n")
		}
		for j, e := range row {
			if e.Text == "" {
				continue
			}
			name, indent := "", "  "
			if j < len(grid[0]) && grid[0][j].Text != "" && (j > 0 || names > 1) {
				name = grid[0][j].Text + ": "
			}
			if j > 0 {
				indent = "    "
			}
			s.Styled(w, cmp.Or(e.Style, map[bool]Style{true: Bold}[j == 0]), indent, name+e.Text)
		}
	}
}

// List writes rows of columns whose last is prose: it continues below itself, or on lines of its own if little room is
// left. In a file, each row is a line.
func (s Screen) List(w io.Writer, rows [][]string) {
	const least = 24 // columns of prose
	grid := make([][]Entry, len(rows))
	for i, row := range rows {
		for _, text := range row[:len(row)-1] {
			grid[i] = append(grid[i], Entry{Text: plain.Line(text)})
		}
	}
	widths := columns(grid)
	indent := margin
	var all []int
	for i, columns := range widths {
		indent += columns + gap
		all = append(all, i)
	}
	width := s.width()
	if s.Width > 0 {
		width = min(width, max(Prose, indent+least))
	}
	for i, row := range rows {
		prose := plain.Line(row[len(row)-1])
		if width-indent < least {
			outer, inner := strings.Repeat(" ", margin), strings.Repeat(" ", 2*margin)
			s.fill(w, "", outer, inner, strings.Join(row[:len(row)-1], "  "))
			if prose != "" {
				s.fill(w, "", inner, inner, prose)
			}
			continue
		}
		var line strings.Builder
		s.row(&line, grid[i], widths, all)
		head := strings.TrimSuffix(line.String(), "\n")
		for j, text := range split(prose, width, indent, indent) {
			if j > 0 {
				head = ""
			}
			if text != "" {
				head += strings.Repeat(" ", indent-utf8.RuneCountInString(head)) + text
			}
			io.WriteString(w, head+"\n")
		}
	}
}
