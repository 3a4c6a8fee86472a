package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// Frame is a function in a flame graph, with its callees.
type Frame struct {
	Name     string
	Value    float64 // cumulative, including children
	Children []*Frame
	index    map[string]*Frame // of the children, of which there may be 60,000
}

// Child returns the child with the given name, and adds it if necessary.
func (f *Frame) Child(name string) *Frame {
	c := f.index[name]
	if c == nil {
		if f.index == nil {
			f.index = map[string]*Frame{}
		}
		c = &Frame{Name: name}
		f.index[name] = c
		f.Children = append(f.Children, c)
	}
	return c
}

const (
	mostRows = 200 // of a flame graph; the runtime records 128 frames, and inlining adds functions
	longName = 300 // letters
)

// Flame draws an icicle graph with the root on top. It omits frames below a share of least; unit
// formats values. kind returns the kind, and thus the colour, of a child of the root and its
// descendants; "" means a colour by name.
func Flame(title, about string, root *Frame, least float64, unit func(float64) string,
	kind func(name string) string) string {
	const w, row = 900.0, 17.0
	depth := min(mostRows, root.depth(root.Value*least))
	s := begin(w, row*float64(depth)+2, title, about)
	var draw func(f *Frame, x float64, level int)
	draw = func(f *Frame, x float64, level int) {
		wide := w * f.Value / root.Value
		y := row * float64(level)
		s.printf(`<rect x="%.1f" y="%.0f" width="%.1f" height="%.0f"><title>%s</title></rect>`,
			x, y, wide, row, escape(fmt.Sprintf("%s: %s, %.1f %%", shorten(f.Name, longName), unit(f.Value),
				100*f.Value/root.Value)))
		if label := fitted(f.Name, wide-6); len([]rune(label)) > 3 {
			s.text(x+3, y+12, "in", "start", label)
		}
		if level+1 == depth {
			return
		}
		slices.SortFunc(f.Children, func(a,
			b *Frame) int {
			return cmp.Or(cmp.Compare(b.Value, a.Value), cmp.Compare(a.Name, b.Name))
		})
		for _, c := range f.Children {
			if c.Value >= root.Value*least {
				if level == 0 {
					s.printf(`</g><g class="frames %s">`, class(kind(c.Name)))
				}
				draw(c, x, level+1)
			}
			x += w * c.Value / root.Value
		}
	}
	s.printf(`<g class="frames s6">`)
	draw(root, 0, 0)
	s.printf("</g>")
	return s.end()
}

func (f *Frame) depth(least float64) int {
	below := 0
	for _, c := range f.Children {
		if c.Value >= least {
			below = max(below, c.depth(least))
		}
	}
	return below + 1
}

// fitted cuts name, first at its beginning, so that it is no wider than room at 10 px.
func fitted(name string, room float64) string {
	letters := []rune(name)
	wide, from := 0.0, len(letters) // letters[from:] fit, with an ellipsis before them
	for i := len(letters) - 1; i >= 0; i-- {
		wide += letterWidth(letters[i])
		if wide+letterWidth('…') <= room {
			from = i
		}
	}
	switch {
	case wide <= room:
		return name
	case from == len(letters):
		return ""
	}
	return "…" + string(letters[from:])
}

// letterWidth returns the width of a letter at 10 px, rounded up over the sans-serif fonts of common systems.
func letterWidth(r rune) float64 {
	switch {
	case strings.ContainsRune("iljI.,:;'|!", r):
		return 3.2
	case strings.ContainsRune("ftr()[]{}*-/ ", r):
		return 4.5
	case strings.ContainsRune("mwMW%@…", r):
		return 10
	case r >= 'A' && r <= 'Z', r > 0x7e:
		return 7.8
	}
	return 6.4
}

// shorten cuts name to room letters, first at its beginning, because the end distinguishes functions.
func shorten(name string, room int) string {
	begin := len(name)
	for n := 0; begin > 0; n++ {
		_, size := utf8.DecodeLastRuneInString(name[:begin])
		if n == room-1 && begin > size {
			return "…" + name[begin:]
		}
		begin -= size
	}
	return name
}
